/**
 * A row of table `record`: records that became durable together, one line each, under the sequence of the last. A row
 * costs as much to write as several records, so a group of them shares one.
 */
export interface RecordRow {
  sequence: number
  lines: string
}

/** Bounds what a reader, which takes whole rows, holds at a time. */
const recordsInARow = 100

/** Puts the lines that end with record `last` into rows. */
export function rowsOf(lines: readonly string[], last: number): RecordRow[] {
  const rows: RecordRow[] = []
  for (let end = lines.length; end > 0; end -= recordsInARow) {
    const sequence = last - (lines.length - end)
    rows.unshift({ sequence, lines: lines.slice(Math.max(end - recordsInARow, 0), end).join('\n') })
  }
  return rows
}

/** A row as it is read: its lines as bytes, which need not be UTF-8 any more. */
export interface StoredRow {
  sequence: number
  bytes: Buffer
}

const lineFeed = 10

/** The lines of a row, in order. */
export function linesOf({ bytes }: StoredRow): Buffer[] {
  const lines: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, from)) {
    lines.push(bytes.subarray(from, at))
    from = at + 1
  }
  lines.push(bytes.subarray(from))
  return lines
}

import { type AuditReader, type Page, StoreDamagedError } from './audit-store.ts'

/**
 * A row of a log in a database: records that became durable together, one line each, under the sequence of the last. A
 * row costs as much to write as several records, so a group of them shares one.
 */
export interface RecordRow {
  sequence: number
  lines: string
}

/** Bounds what a reader, which takes whole rows, holds at a time. */
const recordsInARow = 100

/** About so many records are read at a time. */
const recordsInAPage = 1000

/** Puts the lines that end with record `last` into rows. */
export function rowsOf(lines: readonly string[], last: number): RecordRow[] {
  const rows: RecordRow[] = []
  const before = last - lines.length
  for (let start = 0; start < lines.length; start += recordsInARow) {
    const end = Math.min(start + recordsInARow, lines.length)
    rows.push({ sequence: before + end, lines: lines.slice(start, end).join('\n') })
  }
  return rows
}

/** A row as it is read: its lines as bytes, which need not be UTF-8 any more. */
export interface StoredRow {
  sequence: number
  bytes: Buffer
}

/** Reads rows of a database, up to a limit. */
export interface RowSource {
  /** Those after a sequence, in order. */
  after(sequence: number, limit: number): Promise<StoredRow[]>
  /** Those before a sequence, the newest first. */
  before(sequence: number, limit: number): Promise<StoredRow[]>
}

/** Reads records from rows. */
export function readsOfRows({ after, before }: RowSource): Pick<AuditReader, 'forward' | 'backward'> {
  return {
    async *forward(afterSequence) {
      let last = afterSequence
      for (let limit = fewestRows; ; ) {
        // A row before the first one is nobody's: the very first page looks for it.
        const rows = await after(last === 0 ? Number.MIN_SAFE_INTEGER : last, limit)
        const page: Buffer[] = []
        for (const row of rows) {
          const lines = linesOf(row)
          const recordsBefore = row.sequence - lines.length
          const isMiddle = recordsBefore < last && last === afterSequence && last > 0
          if (recordsBefore !== last && !isMiddle) {
            // Its lines first: they tell which record is missing or too many.
            yield [...page, ...lines]
            throw new StoreDamagedError(last + 1, `row ${row.sequence} does not begin with record ${last + 1}`)
          }
          page.push(...lines.slice(last - recordsBefore))
          last = row.sequence
        }
        yield page
        if (rows.length < limit) return
        limit = rowsInAPage(rows.length / page.length)
      }
    },
    async *backward(): AsyncGenerator<Page> {
      let first = Number.MAX_SAFE_INTEGER
      for (let limit = fewestRows; ; ) {
        const rows = await before(first, limit)
        const page = rows.flatMap((row) => linesOf(row).reverse())
        yield page
        first = rows.at(-1)?.sequence ?? 0
        if (rows.length < limit) return
        limit = rowsInAPage(rows.length / page.length)
      }
    },
  }
}

const fewestRows = recordsInAPage / recordsInARow

/** As many rows as hold a page of records, where the next ones are like those before. */
function rowsInAPage(rowsARecord: number): number {
  return Math.max(fewestRows, Math.floor(recordsInAPage * rowsARecord))
}

const lineFeed = 10

/** The newest record of a row. */
export function lastLineOf(bytes: Buffer): Buffer {
  return bytes.subarray(bytes.lastIndexOf(lineFeed) + 1)
}

/** The lines of a row, in order. */
function linesOf({ bytes }: StoredRow): Buffer[] {
  const lines: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, from)) {
    lines.push(bytes.subarray(from, at))
    from = at + 1
  }
  lines.push(bytes.subarray(from))
  return lines
}

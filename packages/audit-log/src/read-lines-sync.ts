import { closeSync, openSync, readSync } from 'node:fs'

const lineFeed = 10
const chunkBytes = 1 << 20
const longestLine = 1 << 24

/**
 * Calls `visit` with each line of a file, without its line feed, until it returns false. A last line without a line
 * feed, or one above 16 MB, is `unfinished`. The buffer is reused: copy what should last.
 *
 * @throws {Error} The file cannot be read.
 */
export function readLinesSync(path: string, visit: (line: Buffer | 'unfinished') => boolean): void {
  const file = openSync(path, 'r')
  try {
    let buffer = Buffer.allocUnsafe(chunkBytes)
    let filled = 0
    for (;;) {
      if (filled === buffer.length) {
        if (buffer.length >= longestLine) break
        buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)])
      }
      const bytesRead = readSync(file, buffer, filled, buffer.length - filled, null)
      if (bytesRead === 0) break
      filled += bytesRead
      const from = visitLines(buffer.subarray(0, filled), visit)
      if (from === undefined) return
      buffer.copyWithin(0, from, filled)
      filled -= from
    }
    if (filled > 0) visit('unfinished')
  } finally {
    closeSync(file)
  }
}

/** @returns Where the unfinished rest begins, or undefined when `visit` wants no more. */
function visitLines(data: Buffer, visit: (line: Buffer) => boolean): number | undefined {
  let from = 0
  for (let at = data.indexOf(lineFeed); at !== -1; at = data.indexOf(lineFeed, from)) {
    if (!visit(data.subarray(from, at))) return undefined
    from = at + 1
  }
  return from
}

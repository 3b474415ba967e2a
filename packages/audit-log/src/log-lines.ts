import { type LogFile, readFully } from './log-file.ts'

const lineFeed = 10
const chunkBytes = 1 << 18

/** A line of the log and where it begins. */
export interface StoredLine {
  offset: number
  bytes: Buffer
}

/** Lines from `start` (the beginning of a line) up to `end`, in order; an unfinished last line is left out. */
export async function* linesForward(file: LogFile, start: number, end: number): AsyncGenerator<StoredLine> {
  let rest: Buffer = Buffer.alloc(0)
  let offset = start
  for (let position = start; position < end; ) {
    const chunk = await readFully(file, position, Math.min(chunkBytes, end - position))
    if (chunk.length === 0) return
    position += chunk.length
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, from)) {
      yield { offset: offset + from, bytes: bytes.subarray(from, at) }
      from = at + 1
    }
    rest = bytes.subarray(from)
    offset += from
  }
}

/** Lines that end before `end` (the end of a line), the last one first. */
export async function* linesBackward(file: LogFile, end: number): AsyncGenerator<StoredLine> {
  if (end === 0) return
  let pending: Buffer = Buffer.alloc(0)
  for (let position = end - 1; position > 0; ) {
    const start = Math.max(0, position - chunkBytes)
    const chunk = await readFully(file, start, position - start)
    const bytes = pending.length === 0 ? chunk : Buffer.concat([chunk, pending])
    let to = bytes.length
    while (to > 0) {
      const at = bytes.lastIndexOf(lineFeed, to - 1)
      if (at === -1) break
      yield { offset: start + at + 1, bytes: bytes.subarray(at + 1, to) }
      to = at
    }
    pending = bytes.subarray(0, to)
    position = start
  }
  yield { offset: 0, bytes: pending }
}

/** Offset after the last line feed before `size`: where an unfinished line begins, if there is one. */
export async function endOfLastLine(file: LogFile, size: number): Promise<number> {
  for (let position = size; position > 0; ) {
    const start = Math.max(0, position - chunkBytes)
    const chunk = await readFully(file, start, position - start)
    const at = chunk.lastIndexOf(lineFeed)
    if (at !== -1) return start + at + 1
    position = start
  }
  return 0
}

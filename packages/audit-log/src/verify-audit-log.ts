import { hash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { firstPrevious } from './record-line.ts'

export type AuditVerification =
  | { intact: true; records: number; head: string }
  | { intact: false; records: number; firstBadSequence: number; problem: string }

const lineFeed = 10
const chunkBytes = 1 << 20
const longestLine = 1 << 24

/**
 * Checks every record of a log: its bytes against its hash, its place in the chain and in the sequence, and that the
 * log is as long as the newest record that was made durable (`<path>.head`).
 *
 * Reads only, in one pass, with memory for one record; it can run beside a writer's copy or on another machine.
 * `firstBadSequence` is the sequence that stands, or should stand, where the first problem is.
 *
 * @throws {Error} The file cannot be read.
 */
export function verifyAuditLog(path: string): Promise<AuditVerification> {
  return Promise.resolve().then(() => verifyFile(path))
}

function verifyFile(path: string): AuditVerification {
  // The head is read first: a record that is written meanwhile is in the log by then.
  const head = readHeadText(`${path}.head`)
  let sequence = 0
  let previous = firstPrevious
  let problem: string | undefined
  let headMatches = head === undefined || head.sequence === 0
  forEachLine(path, (line) => {
    const result = checkLine(line, sequence + 1, previous)
    if ('problem' in result) {
      problem = result.problem
      return false
    }
    sequence += 1
    previous = result.hash
    if (head?.sequence === sequence) headMatches = head.hash === previous
    return true
  })
  if (problem !== undefined) return { intact: false, records: sequence, firstBadSequence: sequence + 1, problem }
  if (head !== undefined && head.sequence > sequence) {
    const cut = `the log ends here, but ${head.sequence} records were written`
    return { intact: false, records: sequence, firstBadSequence: sequence + 1, problem: cut }
  }
  if (!headMatches) {
    const rewritten = 'the record is not the one that was written under this number'
    return { intact: false, records: sequence, firstBadSequence: head?.sequence ?? sequence, problem: rewritten }
  }
  return { intact: true, records: sequence, head: previous }
}

const hashMember = Buffer.from('{"hash":"')
const restOffset = hashMember.length + 43 + 2

/** Works on the bytes as they are: text that is not UTF-8 must not be mended by decoding it. */
function checkLine(
  line: Buffer | 'unfinished',
  sequence: number,
  previous: string,
): { hash: string } | { problem: string } {
  if (line === 'unfinished') return { problem: 'the last record is unfinished' }
  if (
    !line.subarray(0, hashMember.length).equals(hashMember) ||
    line.toString('latin1', restOffset - 2, restOffset) !== '",'
  ) {
    return { problem: 'not a record' }
  }
  const stated = line.toString('latin1', hashMember.length, hashMember.length + 43)
  // The hash is over a zero byte and the record without its hash: those bytes stand where `",` stood.
  line[restOffset - 2] = 0
  line[restOffset - 1] = 0x7b
  if (hash('sha256', line.subarray(restOffset - 2), 'base64url') !== stated) {
    return { problem: 'the record was changed: its hash does not match' }
  }
  const place = `"sequence":${sequence},"previous":"${previous}",`
  if (line.toString('latin1', restOffset, restOffset + place.length) === place) return { hash: stated }
  return { problem: placeProblem(line.toString('latin1', restOffset, restOffset + 200), sequence) }
}

function placeProblem(text: string, expected: number): string {
  const found = /^"sequence":(\d+),/.exec(text)?.[1]
  if (found === String(expected))
    return 'the record does not follow the one before it: that one, or this one, was rewritten'
  return `record ${found ?? 'without a sequence'} stands where record ${expected} is expected`
}

function readHeadText(path: string): { sequence: number; hash: string } | undefined {
  if (!existsSync(path)) return undefined
  const text = readFileSync(path, 'latin1')
  if (text === '') return undefined
  const match = /^(\d{16}) ([\w-]{43})\n$/.exec(text)
  return { sequence: Number(match?.[1] ?? Number.MAX_SAFE_INTEGER), hash: match?.[2] ?? '' }
}

/** Calls `visit` with each line until it returns false. The buffer is reused: copy what should last. */
function forEachLine(path: string, visit: (line: Buffer | 'unfinished') => boolean): void {
  const file = openSync(path, 'r')
  try {
    let buffer = Buffer.allocUnsafe(chunkBytes)
    let filled = 0
    for (;;) {
      if (filled === buffer.length) {
        if (buffer.length >= longestLine) {
          visit('unfinished')
          return
        }
        buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)])
      }
      const bytesRead = readSync(file, buffer, filled, buffer.length - filled, null)
      if (bytesRead === 0) break
      filled += bytesRead
      let from = 0
      const data = buffer.subarray(0, filled)
      for (let at = data.indexOf(lineFeed); at !== -1; at = data.indexOf(lineFeed, from)) {
        if (!visit(data.subarray(from, at))) return
        from = at + 1
      }
      buffer.copyWithin(0, from, filled)
      filled -= from
    }
    if (filled > 0) visit('unfinished')
  } finally {
    closeSync(file)
  }
}

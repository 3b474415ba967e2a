import type { AuditOutcome, AuditRecord } from './audit-event.ts'
import { humanLine } from './human-line.ts'
import { type LogFile, readFully } from './log-file.ts'
import { endOfLastLine, linesBackward, linesForward } from './log-lines.ts'
import { parseRecordLine } from './record-line.ts'

/** Which records; every member that is given must match. */
export interface AuditQuery {
  /** Only records after this sequence, the oldest first. Without it: the newest records. */
  afterSequence?: number
  /** 1 to 1,000. Default 100. */
  limit?: number
  subject?: string
  tool?: string
  outcome?: AuditOutcome
  action?: string
  /** Part of the human line or of the record, in any case. */
  text?: string
}

/** Finds records in a log file; the answer is in ascending order of sequence either way. */
export async function queryLog(file: LogFile, size: number, query: AuditQuery): Promise<AuditRecord[]> {
  const limit = Math.min(Math.max(Math.trunc(query.limit ?? 100), 1), 1000)
  const matches = createMatcher(query)
  const end = await endOfLastLine(file, size)
  const found: AuditRecord[] = []
  if (query.afterSequence === undefined) {
    for await (const { bytes } of linesBackward(file, end)) {
      const record = matches(bytes)
      if (record !== undefined && found.push(record) === limit) break
    }
    return found.reverse()
  }
  const start = await offsetAfter(file, end, query.afterSequence)
  for await (const { bytes } of linesForward(file, start, end)) {
    const record = matches(bytes)
    if (record !== undefined && found.push(record) === limit) break
  }
  return found
}

const exact = ['subject', 'tool', 'outcome', 'action'] as const

/** Lines are searched as bytes first, because parsing is what costs. */
function createMatcher(query: AuditQuery): (bytes: Buffer) => AuditRecord | undefined {
  const wanted = exact.flatMap((name) => (query[name] === undefined ? [] : [{ name, value: query[name] }]))
  const needles = wanted.map(({ name, value }) => Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(value)}`))
  const text = query.text?.toLowerCase()
  return (bytes) => {
    if (!needles.every((needle) => bytes.includes(needle))) return undefined
    const line = bytes.toString('utf8')
    const record = parseRecordLine(line)
    if (!wanted.every(({ name, value }) => record.event[name] === value)) return undefined
    if (text !== undefined && !`${humanLine(record.event)}\n${line}`.toLowerCase().includes(text)) return undefined
    return record
  }
}

const sequenceMember = /"sequence":(\d+)/
const probeBytes = 1 << 16

/** Where the first record after `sequence` begins, by halving; the end when there is none. */
export async function offsetAfter(file: LogFile, end: number, sequence: number): Promise<number> {
  let low = 0
  let high = end
  while (high - low > probeBytes) {
    const middle = low + Math.floor((high - low) / 2)
    const line = await firstLineFrom(file, middle, high)
    if (line === undefined || line.sequence > sequence) high = middle
    else low = line.offset
  }
  for await (const { offset, bytes } of linesForward(file, low, end)) {
    if (sequenceOf(bytes) > sequence) return offset
  }
  return end
}

/** The first line that begins after `position`. */
async function firstLineFrom(file: LogFile, position: number, end: number) {
  const bytes = await readFully(file, position, Math.min(probeBytes, end - position))
  const feed = bytes.indexOf(10)
  if (feed === -1) return undefined
  for await (const line of linesForward(file, position + feed + 1, end)) {
    return { offset: line.offset, sequence: sequenceOf(line.bytes) }
  }
  return undefined
}

function sequenceOf(bytes: Buffer): number {
  return Number(sequenceMember.exec(bytes.toString('latin1', 0, 120))?.[1] ?? Number.NaN)
}

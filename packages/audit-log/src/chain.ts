import type { AuditEvent, AuditRecord } from './audit-event.ts'
import type { LogHead } from './log-head.ts'
import type { PersonalDataVault } from './personal-data.ts'
import { eventText, writeRecordLine } from './record-line.ts'

/** An event that waits for its place in the chain, and its text there. */
export interface WaitingEvent {
  event: AuditRecord['event']
  text: string
}

/** Records that follow each other, and their lines. */
export interface ChainedGroup {
  records: AuditRecord[]
  lines: string[]
  /** The last of them. */
  head: LogHead
}

/** Makes an event ready: with its time, and with personal members encrypted in what will be stored. */
export function prepareEvent(
  event: AuditEvent,
  clock: () => number,
  personalData: PersonalDataVault | undefined,
): WaitingEvent {
  const timed = isTimed(event) ? event : { ...event, time: isoInstant(Math.trunc(clock() * 1000)) }
  return { event: timed, text: eventText(personalData?.seal(timed) ?? timed) }
}

const written = { ms: Number.NaN, text: '' }

/** Many events share a millisecond, which is dear to write. */
function isoInstant(ms: number): string {
  if (ms !== written.ms) {
    written.text = new Date(ms).toISOString()
    written.ms = ms
  }
  return written.text
}

function isTimed(event: AuditEvent): event is AuditRecord['event'] {
  return event.time !== undefined
}

/** Gives events their places after a record. */
export function chainEvents(after: LogHead, events: readonly WaitingEvent[]): ChainedGroup {
  let { sequence, hash } = after
  const records: AuditRecord[] = []
  const lines: string[] = []
  for (const { event, text } of events) {
    sequence += 1
    const record = writeRecordLine(sequence, hash, text)
    records.push({ hash: record.hash, sequence, previous: hash, event })
    lines.push(record.line)
    hash = record.hash
  }
  return { records, lines, head: { sequence, hash } }
}

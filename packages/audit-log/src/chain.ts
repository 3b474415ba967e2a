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
  const timed = isTimed(event) ? event : { ...event, time: new Date(clock() * 1000).toISOString() }
  return { event: timed, text: eventText(personalData?.seal(timed) ?? timed) }
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
    const written = writeRecordLine(sequence, hash, text)
    records.push({ hash: written.hash, sequence, previous: hash, event })
    lines.push(written.line)
    hash = written.hash
  }
  return { records, lines, head: { sequence, hash } }
}

import type { AuditEvent, AuditRecord } from './audit-event.ts'
import type { LogHead } from './log-head.ts'
import type { PersonalDataVault } from './personal-data.ts'
import { writeRecordLine } from './record-line.ts'

/** An event that has its place in the chain, and its line. */
export interface ChainedEvent {
  record: AuditRecord
  line: string
}

export interface Chain {
  /** Gives an event the place after the newest one. */
  add(event: AuditEvent): ChainedEvent
  /** Goes back to a head and gives events their places after it anew; if one of them cannot have one, none has. */
  restart(head: LogHead, events: readonly ChainedEvent[]): ChainedEvent[]
}

export function createChain(start: LogHead, clock: () => number, personalData: PersonalDataVault | undefined): Chain {
  let { sequence, hash } = start

  function place(event: AuditRecord['event']): ChainedEvent {
    const previous = hash
    const written = writeRecordLine(sequence + 1, previous, personalData?.seal(event) ?? event)
    sequence += 1
    hash = written.hash
    return { record: { hash, sequence, previous, event }, line: written.line }
  }

  function goTo(head: LogHead): void {
    sequence = head.sequence
    hash = head.hash
  }

  return {
    add(event) {
      const time = event.time ?? new Date(clock() * 1000).toISOString()
      return place({ ...event, time })
    },
    restart(head, events) {
      goTo(head)
      try {
        return events.map(({ record }) => place(record.event))
      } catch (cause) {
        goTo(head)
        throw cause
      }
    },
  }
}

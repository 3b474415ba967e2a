import type { AuditEvent, AuditLog, AuditRecord } from '@mcp-identity/audit-log'
import type { Logger } from 'pino'
import { gatherRefusals } from './gathered-refusals.ts'
import { inOneGo } from './in-one-go.ts'
import { inTurns } from './in-turns.ts'

/** The audit log as the server uses it: waits for durability where an answer depends on it, and tells who listens. */
export interface AuditTrail {
  /** Resolves when the event is durable. @throws {AuditUnavailableError} It is not: the call must not be answered. */
  record(event: AuditEvent): Promise<void>
  /** The same for what the gate refused, which anybody with a token can bring about as often as he likes: see {@link gatherRefusals}. */
  recordRefusal(event: AuditEvent): Promise<void>
  /** For events that no answer waits for: a failure is logged and seen in {@link AuditTrail.isWritable}. */
  note(event: AuditEvent): void
  query: AuditLog['query']
  checkpoint: AuditLog['checkpoint']
  verifierKey: AuditLog['verifierKey']
  prove: AuditLog['prove']
  /** Calls back with each record as soon as it is durable. @returns a function that ends it. */
  subscribe(listener: (record: AuditRecord) => void): () => void
  /** Whether the last event could be written. */
  readonly isWritable: boolean
  close(): Promise<void>
}

/** Notes that follow many others wait so long for more: a thousand people who leave at once must not hold up calls. */
const gatherNotesMs = 25
/** Each is encrypted and chained on the event loop. */
const recordsInOneTurn = 50
/** Refusals are answered when they are on record. */
const longestWaitMs = 5

export function createAuditTrail(log: AuditLog, logger: Logger): AuditTrail {
  const listeners = new Set<(record: AuditRecord) => void>()
  let isWritable = true

  function record(event: AuditEvent): Promise<void> {
    return log.append(event).then(
      (written) => {
        isWritable = true
        for (const listener of listeners) listener(written)
      },
      (cause) => {
        isWritable = false
        logger.error({ err: cause, requestId: event.requestId }, 'the audit log cannot be written')
        throw cause
      },
    )
  }

  const mayBegin = inTurns(recordsInOneTurn, longestWaitMs)
  const recordInTurn = (event: AuditEvent): Promise<void> => mayBegin().then(() => record(event))
  const noteAll = inOneGo<AuditEvent>(async (events) => {
    await Promise.allSettled(events.map(recordInTurn))
  }, gatherNotesMs)
  const refusals = gatherRefusals(recordInTurn)
  let noted: Promise<void> = Promise.resolve()

  return {
    record,
    recordRefusal: refusals.add,
    note(event) {
      noted = noteAll([{ time: new Date().toISOString(), ...event }])
    },
    query: (query) => log.query(query),
    checkpoint: () => log.checkpoint(),
    verifierKey: () => log.verifierKey(),
    prove: (sequence) => log.prove(sequence),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get isWritable() {
      return isWritable
    },
    async close() {
      refusals.flush()
      await noted
      // Whoever came before has begun then.
      await mayBegin()
      await log.close()
    },
  }
}

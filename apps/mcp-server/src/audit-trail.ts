import type { AuditEvent, AuditLog, AuditRecord } from '@mcp-identity/audit-log'
import type { Logger } from 'pino'
import { gatherRefusals } from './gathered-refusals.ts'
import { inTurns, type Turns } from './in-turns.ts'
import { paceNotes } from './paced-notes.ts'

/** The audit log as the server uses it: waits for durability where an answer depends on it, and tells who listens. */
export interface AuditTrail {
  /** Resolves when the event is durable. @throws {AuditUnavailableError} It is not: the call must not be answered. */
  record(event: AuditEvent): Promise<void>
  /** The same for what the gate refused, which anybody with a token can bring about as often as he likes: see {@link gatherRefusals}. */
  recordRefusal(event: AuditEvent): Promise<void>
  /**
   * For events that no answer waits for, see {@link paceNotes}: a failure is logged and seen in {@link AuditTrail.isWritable}.
   *
   * @param describe Makes the event when its turn has come. Its time is now.
   */
  note(describe: () => AuditEvent): void
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

/** Each is encrypted and chained on the event loop; refusals are answered when they are on record. */
const refusalTurns: Turns = { most: 50, restTimes: 1, longestWaitMs: 5 }

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

  const mayBegin = inTurns(refusalTurns)
  const recordInTurn = (event: AuditEvent): Promise<void> => mayBegin().then(() => record(event))
  const notes = paceNotes(record)
  const refusals = gatherRefusals(recordInTurn)

  return {
    record,
    recordRefusal: refusals.add,
    note(describe) {
      const at = Date.now()
      notes.add(() => ({ time: new Date(at).toISOString(), ...describe() }))
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
      await notes.finish()
      // Whoever came before has begun then.
      await mayBegin()
      await log.close()
    },
  }
}

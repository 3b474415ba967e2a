import { humanLine } from '@mcp-identity/audit-log'
import { z } from 'zod'
import type { LoggedRecord } from './audit-logs.ts'

/** What can be asked of the audit log. */
export const auditQueryInput = z.strictObject({
  log: z.string().max(63).optional().describe('Only this log: the name of a replica'),
  afterSequence: z
    .int()
    .min(0)
    .optional()
    .describe('Only records after this one, the oldest first; of one log. Absent: the newest'),
  limit: z.int().min(1).max(1_000).default(100),
  subject: z.string().max(255).optional(),
  tool: z.string().max(64).optional(),
  outcome: z.enum(['allowed', 'refused', 'failed', 'succeeded']).optional(),
  text: z.string().max(200).optional().describe('Part of the record, in any case'),
})

/** A record as it is shown: the sentence, and the event behind it. */
export const auditRecordView = z.object({
  log: z.string().describe('Name of the log that it is in'),
  sequence: z.int(),
  time: z.string(),
  line: z.string().describe('The event as a sentence'),
  previous: z.string().describe('Hash of the record before'),
  hash: z.string(),
  event: z.record(z.string(), z.unknown()),
  storedEvent: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('The event as it is stored, which the hash is over, where personal data in it is encrypted'),
})

export type AuditRecordView = z.infer<typeof auditRecordView>

/** A log whose records are missing in an answer. */
export const unreadLogView = z.object({
  log: z.string().nullable().describe('Null: it is not known which logs there are'),
  problem: z.string(),
})

export function viewOfRecord({ log, sequence, previous, hash, event, storedEvent }: LoggedRecord): AuditRecordView {
  const stored = storedEvent && { storedEvent: { ...storedEvent } }
  return { log, sequence, time: event.time, line: humanLine(event), previous, hash, event: { ...event }, ...stored }
}

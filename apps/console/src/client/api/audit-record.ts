import * as z from 'zod/mini'

const text = z.optional(z.string())

const eventSchema = z.looseObject({
  time: z.string(),
  requestId: text,
  phase: z.string(),
  action: z.string(),
  tool: text,
  outcome: z.string(),
  reason: text,
  issuer: text,
  identityProvider: text,
  subject: text,
  clientId: text,
  tokenId: text,
  sessionId: text,
  callerKind: text,
  email: text,
  name: text,
  department: text,
  actors: z.optional(z.array(z.string())),
  argumentsDigest: text,
  readableArguments: z.optional(z.record(z.string(), z.unknown())),
  policies: z.optional(z.array(z.string())),
  policyVersion: text,
  durationMs: z.optional(z.number()),
  times: z.optional(z.number()),
  traceparent: text,
  protocolEra: text,
  details: z.optional(z.record(z.string(), z.unknown())),
})

const auditRecordSchema = z.looseObject({
  /** Name of the log that it is in: each replica has one. */
  log: z.string(),
  sequence: z.number(),
  previous: z.string(),
  hash: z.string(),
  event: eventSchema,
  /** The event as it is stored, where personal data in it is encrypted. */
  storedEvent: z.optional(z.looseObject({})),
  line: text,
})

/** A record of the audit log, as the MCP server hands it out. */
export type AuditRecord = z.infer<typeof auditRecordSchema>
export type AuditEvent = AuditRecord['event']

/** What tells a record from every other of all logs. */
export function placeOf({ log, sequence }: Pick<AuditRecord, 'log' | 'sequence'>): string {
  return `${log} ${sequence}`
}

/** Puts the newest first, for sorting. */
export function byTime({ event: one }: AuditRecord, { event: other }: AuditRecord): number {
  return one.time < other.time ? 1 : one.time > other.time ? -1 : 0
}

/**
 * Checks that a value from outside is a record, and gives it back untouched: its members have to keep the order in which
 * they arrived, since the record's hash is over its bytes.
 *
 * @throws when it is none.
 */
export function readAuditRecord(value: unknown): AuditRecord {
  auditRecordSchema.parse(value)
  return value as AuditRecord
}

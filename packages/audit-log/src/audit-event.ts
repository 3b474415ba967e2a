/** What became of a call, or of a security event. */
export type AuditOutcome = 'allowed' | 'refused' | 'failed' | 'succeeded'

/**
 * One thing that happened: a decision about a call, the outcome of a call, or a security event.
 *
 * A call writes two: `decision` before the tool runs, `outcome` after it. Tokens, codes, secrets and cookies never
 * belong in any member.
 */
export interface AuditEvent {
  /** ISO instant. Default: the log's clock when the event is appended. */
  time?: string
  /** Joins the events of one request, and the log lines about it. */
  requestId?: string
  phase: 'decision' | 'outcome' | 'security'
  /** `tools/call`, or a security event such as `revocation_received`, `person_disabled`, `policies_reloaded`. */
  action: string
  tool?: string
  outcome: AuditOutcome
  /** Short and stable, as `missing_scope`, or a sentence for the person who was refused. */
  reason?: string
  issuer?: string
  /** Who signed the person in, where the issuer left that to others: the issuer of a corporate IdP. */
  identityProvider?: string
  subject?: string
  clientId?: string
  /** `jti` of the access token; never the token. */
  tokenId?: string
  sessionId?: string
  callerKind?: 'person' | 'service' | 'agent'
  email?: string
  name?: string
  department?: string
  /** Who acted for the subject, nearest first (RFC 8693 `act`). */
  actors?: readonly string[]
  /** Digest of all arguments, see {@link digestArguments}. */
  argumentsDigest?: string
  /** Arguments that are not personal or secret, chosen by the tool. */
  readableArguments?: Readonly<Record<string, unknown>>
  /** Names of the policies that decided. */
  policies?: readonly string[]
  policyVersion?: string
  durationMs?: number
  /** How many refusals a record stands for that are equal but for time and request, which are those of the first. Default 1. */
  times?: number
  /** W3C Trace Context. */
  traceparent?: string
  /** Revision of the Model Context Protocol that the caller spoke. */
  protocolEra?: string
  /** Personal members, encrypted; only in a log with a `PersonalDataVault`, and only where its key is gone or unknown. */
  sealed?: Readonly<{ key: string; data: string }>
  /** Anything else about a security event. */
  details?: Readonly<Record<string, unknown>>
}

/** An event at its place in the log. */
export interface AuditRecord {
  /** 1 for the first record. */
  sequence: number
  /** Hash of the record before; 43 zeros' worth (`A`) for the first. Base64url. */
  previous: string
  /** SHA-256 of a zero byte and the record's bytes without this member (the leaf hash of RFC 6962). Base64url. */
  hash: string
  event: AuditEvent & { time: string }
  /** The event as it is stored, which is what the hash is over; only where personal members of `event` were opened. */
  storedEvent?: AuditEvent
}

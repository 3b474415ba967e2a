import type { RefusedTokenFacts } from './verified-access-token.ts'

/** OAuth error codes, as they go on the wire (RFC 6750 section 3.1, RFC 9449 section 12.2, RFC 9470 section 3). */
export type TokenErrorCode =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_user_authentication'

/** Every reason a token can be refused for, with the code that goes on the wire. The set is closed. */
const codes = {
  // shape and header
  too_long: 'invalid_token',
  malformed: 'invalid_token',
  encrypted: 'invalid_token',
  header_invalid: 'invalid_token',
  header_not_understood: 'invalid_token',
  payload_invalid: 'invalid_token',
  // issuer, key and signature
  issuer_unknown: 'invalid_token',
  algorithm_not_allowed: 'invalid_token',
  key_unknown: 'invalid_token',
  key_mismatch: 'invalid_token',
  signature_invalid: 'invalid_token',
  // claims
  claim_missing: 'invalid_token',
  claim_invalid: 'invalid_token',
  expired: 'invalid_token',
  not_yet_valid: 'invalid_token',
  issued_in_future: 'invalid_token',
  lifetime_too_long: 'invalid_token',
  audience_missing: 'invalid_token',
  audience_mismatch: 'invalid_token',
  audience_not_exclusive: 'invalid_token',
  // what kind of token, for whom
  not_an_access_token: 'invalid_token',
  client_not_allowed: 'invalid_token',
  tenant_not_allowed: 'invalid_token',
  guest_not_allowed: 'invalid_token',
  domain_not_allowed: 'invalid_token',
  // sender constraint
  sender_constraint_required: 'invalid_token',
  confirmation_not_understood: 'invalid_token',
  bound_token_as_bearer: 'invalid_token',
  unbound_token_as_dpop: 'invalid_token',
  proof_key_mismatch: 'invalid_token',
  proof_token_mismatch: 'invalid_token',
  certificate_missing: 'invalid_token',
  certificate_mismatch: 'invalid_token',
  proof_missing: 'invalid_dpop_proof',
  proof_malformed: 'invalid_dpop_proof',
  proof_key_unsuitable: 'invalid_dpop_proof',
  proof_signature_invalid: 'invalid_dpop_proof',
  proof_method_mismatch: 'invalid_dpop_proof',
  proof_url_mismatch: 'invalid_dpop_proof',
  proof_not_fresh: 'invalid_dpop_proof',
  proof_replayed: 'invalid_dpop_proof',
  nonce_required: 'use_dpop_nonce',
  nonce_stale: 'use_dpop_nonce',
  // no longer
  inactive: 'invalid_token',
  revoked: 'invalid_token',
  // decided after verification, by whoever protects the resource
  request_malformed: 'invalid_request',
  scope_missing: 'insufficient_scope',
  authentication_insufficient: 'insufficient_user_authentication',
} as const satisfies Record<string, TokenErrorCode>

/** Why a token was refused: finer than the code on the wire, stable, for audit logs and tests. */
export type TokenRefusalReason = keyof typeof codes

/** The reasons, in the order in which the checks run. */
export const tokenRefusalReasons: readonly TokenRefusalReason[] = Object.freeze(
  Object.keys(codes) as TokenRefusalReason[],
)

/** What a refusal may carry beside its reason. */
export interface TokenErrorDetails {
  /** Facts of the refused token. Only ever set once its signature was right. */
  readonly token?: RefusedTokenFacts | undefined
  /** The nonce that the client has to use next, with `use_dpop_nonce` (RFC 9449 section 9). */
  readonly dpopNonce?: string | undefined
  readonly cause?: unknown
}

/**
 * A token was refused. `code` is for the wire, `reason` for the log; both are stable, the message may be reworded.
 * The message never holds a token. No stack trace is taken: a refusal is an answer, not a defect, and it has to be
 * cheap to give.
 */
export class TokenError extends Error {
  readonly code: TokenErrorCode
  readonly reason: TokenRefusalReason
  readonly token: RefusedTokenFacts | undefined
  readonly dpopNonce: string | undefined

  constructor(reason: TokenRefusalReason, message: string, details: TokenErrorDetails = {}) {
    const limit = withoutStackTraces()
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    Error.stackTraceLimit = limit
    this.code = codes[reason]
    this.reason = reason
    this.token = details.token
    this.dpopNonce = details.dpopNonce
  }
}

Object.defineProperty(TokenError.prototype, 'name', { value: 'TokenError', configurable: true, writable: true })

/** Refuses the token at hand. */
export function refuse(reason: TokenRefusalReason, message: string, details?: TokenErrorDetails): never {
  throw new TokenError(reason, message, details)
}

function withoutStackTraces(): number {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  return limit
}

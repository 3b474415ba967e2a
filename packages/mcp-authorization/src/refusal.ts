import type { RefusedTokenFacts, TokenRefusalReason, VerifiedAccessToken } from '@mcp-identity/token-verifier'
import { type Answer, jsonAnswer, toResponse } from './answer.ts'
import type { MalformedCredentialsReason } from './credentials.ts'

/** Why a request was refused; finer than the answer, stable, for logs and tests. */
export type RefusalReason =
  | 'host_not_allowed'
  | 'origin_not_allowed'
  | 'too_many_requests'
  | 'body_too_large'
  | 'no_credentials'
  | MalformedCredentialsReason
  | 'several_dpop_proofs'
  | TokenRefusalReason
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'too_many_streams'
  | 'verifier_unavailable'
  | 'revocation_state_unavailable'
  | 'verification_failed'
  | 'call_ended'

/** A refusal: what the caller is told, and what the log is told. */
export interface Refusal {
  readonly outcome: 'refused'
  readonly reason: RefusalReason
  /** The OAuth error code that the caller sees, if any. */
  readonly code?: string | undefined
  /** The answer as plain values. */
  readonly answer: Answer
  /** The answer as a web `Response`, made anew at each reading. */
  readonly response: Response
  /** What is known of the refused token; only when its signature was right. */
  readonly facts?: RefusedTokenFacts | undefined
  /** The token, when it passed verification and something else was missing. */
  readonly token?: VerifiedAccessToken | undefined
}

/** What a refusal may carry beside its reason and answer. */
export type RefusalDetails = Pick<Refusal, 'code' | 'facts' | 'token'>

/** Makes a {@link Refusal}. */
export function refusal(reason: RefusalReason, answer: Answer, details: RefusalDetails = {}): Refusal {
  return {
    outcome: 'refused',
    reason,
    answer,
    ...details,
    get response() {
      return toResponse(answer)
    },
  }
}

/** What a caller is told beside the code: one constant sentence a code, plain ASCII (RFC 6750 section 3). */
export const DESCRIPTIONS = {
  invalid_request: 'The request must carry one access token, in one Authorization header',
  invalid_token: 'The access token is not acceptable here',
  insufficient_scope: 'The access token lacks a scope that this operation needs',
  insufficient_user_authentication: 'This operation needs a stronger or more recent sign-in',
  invalid_dpop_proof: 'The DPoP proof is not acceptable',
  use_dpop_nonce: 'The DPoP proof must carry the nonce of this answer',
} as const

/** The OAuth error codes of a challenge. */
export type ChallengeCode = keyof typeof DESCRIPTIONS

/** The body of a challenged answer: the same constants as in the header. */
export function challengedAnswer(
  status: number,
  challenge: string,
  code: ChallengeCode | undefined,
  headers: Readonly<Record<string, string>>,
): Answer {
  const content =
    code === undefined ? { error: 'unauthorized' } : { error: code, error_description: DESCRIPTIONS[code] }
  return jsonAnswer(status, content, { 'www-authenticate': challenge, ...headers })
}

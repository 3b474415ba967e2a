import { TokenError, type VerifiedAccessToken, VerifierUnavailableError } from '@mcp-identity/token-verifier'
import { type Answer, jsonAnswer } from './answer.ts'
import type { AnswerFacts } from './answer-facts.ts'
import { buildChallenge, type ChallengeScheme } from './challenge.ts'
import {
  type ChallengeCode,
  challengedAnswer,
  DESCRIPTIONS,
  type Refusal,
  type RefusalDetails,
  type RefusalReason,
  refusal,
} from './refusal.ts'
import type { ResourceSettings } from './resource-settings.ts'
import { acceptedLevels, type ToolRequirement } from './tool-requirement.ts'

/** Makes the refusals of one protected resource, out of constants. */
export interface Refusals {
  /** The value of a `WWW-Authenticate` header. */
  challenge(
    scheme: ChallengeScheme,
    code: ChallengeCode | undefined,
    scopes: readonly string[],
    resourceMetadata: string,
  ): string
  /** An answer that asks for another token, with the scopes of the first challenge. */
  challenged(
    status: number,
    code: ChallengeCode | undefined,
    reason: RefusalReason,
    facts: AnswerFacts,
    details?: RefusalDetails,
  ): Refusal
  forbidden(reason: RefusalReason): Refusal
  tooLarge(facts: AnswerFacts): Refusal
  tooMany(reason: RefusalReason, seconds: number, facts: AnswerFacts, token?: VerifiedAccessToken): Refusal
  unavailable(reason: RefusalReason, seconds: number, facts: AnswerFacts): Refusal
  /** What a verifier threw. Unexpected errors count as unavailability: nothing is let through, nothing is told. */
  thrown(error: unknown, facts: AnswerFacts): Refusal
  scope(token: VerifiedAccessToken, scopes: readonly string[], facts: AnswerFacts): Refusal
  signIn(
    token: VerifiedAccessToken,
    scopes: readonly string[],
    requirement: ToolRequirement,
    facts: AnswerFacts,
  ): Refusal
}

const RETRY_AFTER_SECONDS = 5
/** Enough for every combination of scopes that clients really hold. */
const MAX_CHALLENGES_KEPT = 1000

/** Status of each code that a verifier throws, and the scheme to ask for where it is not the one that was used. */
const TOKEN_ERRORS: Readonly<Record<ChallengeCode, { readonly status: number; readonly asked?: ChallengeScheme }>> = {
  invalid_request: { status: 400 },
  invalid_token: { status: 401 },
  insufficient_scope: { status: 403 },
  insufficient_user_authentication: { status: 401 },
  invalid_dpop_proof: { status: 401, asked: 'DPoP' },
  use_dpop_nonce: { status: 401, asked: 'DPoP' },
}

/** Makes {@link Refusals}. */
export function createRefusals(settings: ResourceSettings): Refusals {
  const { dpopAlgorithms: algorithms } = settings
  const challenges = new Map<string, string>()
  /** What bad tokens are answered, made once for each page that may ask: a flood of them gets the same few. */
  const firstAnswers = new WeakMap<AnswerFacts['headers'], Map<string, Answer>>()

  const challenge: Refusals['challenge'] = (scheme, code, scopes, resourceMetadata) => {
    const key = `${scheme} ${code} ${scopes.join(' ')} ${resourceMetadata}`
    const known = challenges.get(key)
    if (known !== undefined) return known
    const errorDescription = code && DESCRIPTIONS[code]
    const named = settings.nameScopes(scopes)
    const built = buildChallenge(scheme, {
      error: code,
      errorDescription,
      scopes: named,
      resourceMetadata,
      algorithms,
    })
    if (challenges.size < MAX_CHALLENGES_KEPT) challenges.set(key, built)
    return built
  }

  function unavailable(reason: RefusalReason, seconds: number, { headers }: AnswerFacts): Refusal {
    const retryAfter = { 'retry-after': String(Math.max(1, Math.ceil(seconds))) }
    return refusal(reason, jsonAnswer(503, { error: 'temporarily_unavailable' }, { ...headers, ...retryAfter }))
  }

  function firstAnswer(status: number, code: ChallengeCode | undefined, facts: AnswerFacts): Answer {
    const { scheme, headers, resourceMetadata } = facts
    const key = `${status} ${scheme} ${code} ${resourceMetadata}`
    const made = firstAnswers.get(headers) ?? new Map<string, Answer>()
    const known = made.get(key)
    if (known !== undefined) return known
    const value = challenge(scheme, code, settings.initialScopes, resourceMetadata)
    const answer = challengedAnswer(status, value, code, headers)
    firstAnswers.set(headers, made.set(key, answer))
    return answer
  }

  const challenged: Refusals['challenged'] = (status, code, reason, facts, details) =>
    refusal(reason, firstAnswer(status, code, facts), { code, ...details })

  return {
    challenge,
    challenged,
    unavailable,
    forbidden: (reason) => refusal(reason, jsonAnswer(403, { error: 'forbidden' })),
    tooLarge: ({ headers }) => refusal('body_too_large', jsonAnswer(413, { error: 'content_too_large' }, headers)),
    tooMany(reason, seconds, { headers }, token) {
      const answer = jsonAnswer(429, { error: 'too_many_requests' }, { ...headers, 'retry-after': String(seconds) })
      return refusal(reason, answer, { token })
    },
    thrown(error, facts) {
      if (error instanceof VerifierUnavailableError) {
        return unavailable('verifier_unavailable', error.retryAfterSeconds, facts)
      }
      if (!(error instanceof TokenError)) return unavailable('verification_failed', RETRY_AFTER_SECONDS, facts)
      const { status, asked } = TOKEN_ERRORS[error.code]
      const { dpopNonce } = error
      const headers = dpopNonce === undefined ? facts.headers : { ...facts.headers, 'dpop-nonce': dpopNonce }
      const about = { ...facts, scheme: asked ?? facts.scheme, headers }
      return challenged(status, error.code, error.reason, about, { facts: error.token })
    },
    scope(token, scopes, { scheme, headers, resourceMetadata }) {
      const code = 'insufficient_scope'
      const value = challenge(scheme, code, scopes, resourceMetadata)
      return refusal(code, challengedAnswer(403, value, code, headers), { code, token })
    },
    signIn(token, scopes, requirement, { scheme, headers, resourceMetadata }) {
      const error = 'insufficient_user_authentication'
      const value = buildChallenge(scheme, {
        error,
        errorDescription: DESCRIPTIONS[error],
        scopes: settings.nameScopes(scopes),
        acrValues: acceptedLevels(requirement),
        maxAgeSeconds: requirement.maxAuthenticationAgeSeconds,
        algorithms,
        resourceMetadata,
      })
      return refusal(error, challengedAnswer(401, value, error, headers), { code: error, token })
    },
  }
}

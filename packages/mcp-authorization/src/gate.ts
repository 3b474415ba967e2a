import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { AnswerFacts } from './answer-facts.ts'
import type { ChallengeScheme } from './challenge.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import type { ProtectedResourceOptions } from './protected-resource-options.ts'
import { createRequestCounter } from './rate-limits.ts'
import { headerValues, type RawRequest } from './raw-request.ts'
import type { Refusal } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import type { ResourceSettings } from './resource-settings.ts'

/** A request whose access token was verified. */
export interface Authenticated extends AnswerFacts {
  readonly outcome: 'authenticated'
  readonly token: VerifiedAccessToken
  /** The compact form as presented; for exchange at an authorization server (RFC 8693), never to be sent on. */
  readonly compactToken: string
  readonly scheme: ChallengeScheme
  /** Headers for whatever is answered: readable for the page that asked, kept by no cache. */
  readonly headers: Readonly<Record<string, string>>
}

/** What the gate finds. */
export type Authentication = Authenticated | Refusal

type Presented = Extract<Credentials, { outcome: 'presented' }>

/**
 * Makes the gate: place (Host, Origin), rate limit, size, credentials, state of the resource server, token; in this
 * order, and before any body is read.
 */
export function createGate(
  options: ProtectedResourceOptions,
  settings: ResourceSettings,
  refusals: Refusals,
): (request: RawRequest) => Promise<Authentication> {
  const perAddress = options.rateLimits?.perAddress
  const countAddress = perAddress && createRequestCounter(perAddress, 'rateLimits.perAddress')

  function checkPlace(request: RawRequest): AnswerFacts | Refusal {
    if (!settings.isHostAllowed(request)) return refusals.forbidden('host_not_allowed')
    const origin = settings.findOrigin(request)
    if (origin.outcome === 'foreign') return refusals.forbidden('origin_not_allowed')
    return settings.factsFor(settings.findResource(request), origin.outcome === 'allowed' ? origin.origin : undefined)
  }

  function checkCredentials(request: RawRequest, facts: AnswerFacts): Presented | Refusal {
    const length = headerValues(request, 'content-length')[0]
    if (length !== undefined && Number(length) > settings.maxBodyBytes) return refusals.tooLarge(facts)
    const credentials = readCredentials(request)
    if (credentials.outcome === 'none') return refusals.challenged(401, undefined, 'no_credentials', facts)
    if (credentials.outcome === 'malformed')
      return refusals.challenged(400, 'invalid_request', credentials.reason, facts)
    if (credentials.dpopProofs.length > 1) {
      return refusals.challenged(401, 'invalid_dpop_proof', 'several_dpop_proofs', { ...facts, scheme: 'DPoP' })
    }
    const wait = options.unavailable?.()
    return wait === undefined ? credentials : refusals.unavailable('revocation_state_unavailable', wait, facts)
  }

  function present(request: RawRequest, { scheme, dpopProofs: [dpopProof] }: Presented) {
    // What a DPoP proof names (`htu`) is a spelling of the resource, never the request's own word.
    const presentation = { method: request.method, url: settings.findResource(request), scheme }
    return dpopProof === undefined ? presentation : { ...presentation, dpopProof }
  }

  function report(request: RawRequest, refused: Refusal): Refusal {
    options.onRefused?.(refused, request)
    return refused
  }

  return async (request) => {
    const facts = checkPlace(request)
    if ('outcome' in facts) return report(request, facts)
    const wait = countAddress && (await countAddress(request.remoteAddress ?? 'unknown'))
    if (wait !== undefined) return report(request, refusals.tooMany('too_many_requests', wait, facts))
    const presented = checkCredentials(request, facts)
    if (presented.outcome === 'refused') return report(request, presented)
    const { scheme, token: compactToken } = presented
    try {
      const token = await options.verifier.verify(compactToken, present(request, presented))
      options.onAuthenticated?.(token, request)
      return { outcome: 'authenticated', token, compactToken, ...facts, scheme }
    } catch (error) {
      const refused = refusals.thrown(error, { ...facts, scheme })
      if (refused.reason === 'verification_failed') options.onError?.(error, request)
      return report(request, refused)
    }
  }
}

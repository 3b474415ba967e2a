import type { DpopCheck } from './dpop/check-dpop.ts'
import { refusedTokenFacts } from './read-verified-token.ts'
import { refuse, type TokenErrorDetails } from './token-error.ts'
import type { TokenPresentation } from './token-presentation.ts'
import type { VerifiedAccessToken } from './verified-access-token.ts'

/** A token and the way in which it came. */
export interface PresentedToken {
  readonly token: VerifiedAccessToken
  readonly compactToken: string
  readonly request: TokenPresentation | undefined
  /** Whether a token that is not bound to a key is refused. */
  readonly isRequired: boolean
  /** Seconds since the epoch. */
  readonly now: number
}

/**
 * A token that is bound to a key must come with proof of that key: a DPoP proof (RFC 9449 section 7), a client
 * certificate (RFC 8705 section 3), or both. Asked on every call, whatever is cached.
 *
 * @returns A promise only when the store of used proofs answers with one.
 * @throws {TokenError}
 */
export function checkSenderConstraint(presented: PresentedToken, dpop: DpopCheck): Promise<void> | undefined {
  const { token, request, isRequired } = presented
  const isDpop = (request?.scheme ?? (request?.dpopProof === undefined ? 'Bearer' : 'DPoP')) === 'DPoP'
  if (token.confirmation === undefined && !isDpop && !isRequired) return undefined
  // Read only when something is refused.
  const details: TokenErrorDetails = {
    get token() {
      return refusedTokenFacts(token)
    },
  }
  if (token.confirmation === undefined) return refuseUnbound(isDpop, details)
  const { jkt, certificateThumbprint } = token.confirmation
  if (certificateThumbprint !== undefined) checkCertificate(certificateThumbprint, request, details)
  if (jkt === undefined) return isDpop ? refuseUnbound(true, details) : undefined
  if (!isDpop || request === undefined) {
    return refuse(
      'bound_token_as_bearer',
      'the token is bound to a DPoP key and must come with a proof, not as Bearer',
      details,
    )
  }
  const { method, url, dpopProof } = request
  if (dpopProof === undefined) return refuse('proof_missing', 'the request has no DPoP proof', details)
  const { compactToken, now } = presented
  return dpop.check({ method, url, dpopProof, token, compactToken, thumbprint: jkt, now, details })
}

function refuseUnbound(isDpop: boolean, details: TokenErrorDetails): never {
  if (isDpop)
    refuse(
      'unbound_token_as_dpop',
      'the token is not bound to a DPoP key and cannot be used with the DPoP scheme',
      details,
    )
  refuse('sender_constraint_required', 'the token must be bound to a key of the client', details)
}

function checkCertificate(expected: string, request: TokenPresentation | undefined, details: TokenErrorDetails): void {
  const found = request?.clientCertificateThumbprint
  if (found === undefined)
    refuse('certificate_missing', 'the token is bound to a client certificate and came without one', details)
  if (found !== expected) refuse('certificate_mismatch', 'the token is bound to another client certificate', details)
}

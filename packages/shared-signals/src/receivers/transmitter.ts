import type { JWTVerifyGetKey } from 'jose'

/** Names a person, session or token of the resource server's access tokens. */
export interface TokenNames {
  issuer: string
  subject?: string | undefined
  sessionId?: string | undefined
  tokenId?: string | undefined
  email?: string | undefined
}

/** Somebody who may tell this resource server that access has ended. */
export interface Transmitter {
  /** `iss` of what it signs, exactly. */
  issuer: string
  /** What it puts into `aud` for this receiver: any of these. */
  audience: string | readonly string[]
  /** Where its public keys are, https except for loopback. Either this or `keys`. */
  jwksUri?: string | undefined
  /** Its keys, when they come another way. */
  keys?: JWTVerifyGetKey | undefined
  /** Signature algorithms that are accepted. Default RS256, PS256, ES256, EdDSA. */
  algorithms?: readonly SignalAlgorithm[] | undefined
  /** Issuers of the access tokens that it may speak about. Default: itself. */
  speaksFor?: readonly string[] | undefined
  /**
   * Finds the access tokens' names of a person whom the transmitter knows by its own subject, such as the person behind
   * a brokered sign-in. An empty list: nobody by that name has tokens. Throwing answers 503, and the signal comes again.
   */
  resolveSubject?: ((subject: string) => Promise<readonly TokenNames[]>) | undefined
  /**
   * What is known of such a person without asking, maybe not everything. Their tokens are ended at once, before the
   * answer of `resolveSubject`. Default: nothing is.
   */
  recallSubject?: ((subject: string) => readonly TokenNames[]) | undefined
  /** Value of the `Authorization` header that its pushes carry (SSF push delivery). Default: none is asked for. */
  authorizationHeader?: string | undefined
}

export const signalAlgorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'] as const

/** Algorithms that signals may be signed with; never a symmetric one, never none. */
export type SignalAlgorithm = (typeof signalAlgorithms)[number]

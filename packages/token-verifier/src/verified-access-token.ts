declare const verified: unique symbol

/** The payload of a token: claim names to values, deeply frozen. */
export type Claims = Readonly<Record<string, unknown>>

/** Who acts for the subject: one member of an `act` chain (RFC 8693 section 4.1). */
export interface Actor {
  readonly subject: string | undefined
  readonly issuer: string | undefined
  readonly clientId: string | undefined
}

/** Who is calling, in one form for every provider. */
export interface Caller {
  /** `agent` when software acts by delegation (an `act` chain, or the issuer says so); `service` when no person is behind the call. */
  readonly kind: 'person' | 'service' | 'agent'
  /** For display and audit. Not an identity: use `issuer` and `subject`. */
  readonly email: string | undefined
  readonly name: string | undefined
  readonly department: string | undefined
  /**
   * Groups as the issuer names them. Empty: she is in none. `undefined`: the token does not say (too many groups,
   * a lightweight token, no claim configured), which must never be read as none.
   */
  readonly groups: readonly string[] | undefined
  readonly roles: readonly string[]
  /** The organization or directory tenant, where the provider has such a thing. */
  readonly tenant: string | undefined
  /** The `act` chain, the current actor first. Empty when the subject calls by itself. */
  readonly actors: readonly Actor[]
}

/** The key a token is bound to (RFC 7800 `cnf`). */
export interface Confirmation {
  /** SHA-256 thumbprint of the DPoP key (RFC 9449 section 6.1). */
  readonly jkt: string | undefined
  /** SHA-256 thumbprint of the client certificate, `x5t#S256` (RFC 8705 section 3.1). */
  readonly certificateThumbprint: string | undefined
}

/**
 * An access token that passed every check. Only {@link createAccessTokenVerifier} makes one; a function that asks
 * for this type cannot be called with anything unverified. Deeply frozen, and shared between calls with the same token.
 */
export interface VerifiedAccessToken {
  readonly [verified]: true
  readonly issuer: string
  /** Stable identifier of whom the token is about, unique within `issuer`. */
  readonly subject: string
  readonly clientId: string
  readonly audiences: readonly string[]
  readonly scopes: readonly string[]
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch. */
  readonly expiresAt: number
  readonly tokenId: string | undefined
  readonly sessionId: string | undefined
  readonly caller: Caller
  readonly confirmation: Confirmation | undefined
  readonly claims: Claims
}

/** What is known about a token that was refused after its signature was found right. */
export interface RefusedTokenFacts {
  readonly issuer: string
  readonly subject: string | undefined
  readonly clientId: string | undefined
  readonly tokenId: string | undefined
  readonly sessionId: string | undefined
  readonly email: string | undefined
  readonly name: string | undefined
  readonly department: string | undefined
}

import { frozenNow } from './frozen-clock.ts'
import { type CallerKind, dialects, type ProviderDialect } from './provider-dialects.ts'
import { type TestKey, testKeys } from './test-keys.ts'
import { type TokenFaultName, tokenFaults } from './token-faults.ts'
import { signToken, type UnsignedToken } from './unsigned-token.ts'

/** How an access token is minted. Everything but the provider has a default that gives a valid token. */
export interface MintOptions {
  readonly provider: ProviderDialect
  /** Default `person`. */
  readonly caller?: CallerKind
  /** Default: a made-up tenant in the provider's form. */
  readonly issuer?: string
  /** Default: what the provider would put there for a made-up API. */
  readonly audience?: string
  /** Default `testKeys.rsa`, which signs RS256 as every provider does by default. */
  readonly key?: TestKey
  /** Algorithm of header and signature. Default: the key's own. */
  readonly algorithm?: string
  /** Issued at, in seconds since the epoch. Default {@link frozenNow}. */
  readonly now?: number
  /** Default: the provider's own default. */
  readonly lifetimeSeconds?: number
  /** Put over the provider's header; `undefined` takes a member out. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Put over the provider's claims; `undefined` takes a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Breaks the token in one named way; see {@link tokenFaults}. */
  readonly fault?: TokenFaultName
}

/**
 * Mints an access token in a provider's dialect, valid unless told otherwise.
 *
 * For `google`, whose access tokens are opaque, this is the ID token; `serveTokenInfo` plays the opaque ones.
 * Does not publish the key: see `serveKeySet`.
 *
 * @returns Compact form (RFC 7515 section 7.1), the same bytes each time for RS256 and EdDSA.
 */
export function mintAccessToken(options: MintOptions): string {
  const token = describeAccessToken(options)
  return options.fault === undefined ? signToken(token) : tokenFaults[options.fault].apply(token)
}

/** The header and claims that {@link mintAccessToken} would sign: to change one thing and sign it yourself. */
export function describeAccessToken(options: MintOptions): UnsignedToken {
  const dialect = dialects[options.provider]
  const { caller = 'person', issuer = dialect.issuer, audience = dialect.audience, key = testKeys.rsa } = options
  const { now = frozenNow, lifetimeSeconds = dialect.lifetimeSeconds, algorithm = key.algorithm } = options
  const facts = { issuer, audience, caller, now, expiresAt: now + lifetimeSeconds }
  return {
    header: { alg: algorithm, kid: key.kid, ...dialect.header, ...options.header },
    claims: { ...dialect.claims(facts), ...options.claims },
    key,
    algorithm,
    now,
  }
}

import { fetchMetadata } from './authorization-server-metadata.ts'
import { checkTimes } from './checks/times.ts'
import { checkTokenText, defaultMaxTokenLength, readCompactToken, type UnverifiedToken } from './compact-token.ts'
import type { Fetch } from './fetch-document.ts'
import { IssuerRoutes } from './find-issuer.ts'
import { KeySet, type KeySetSettings } from './key-set.ts'
import { VerifiedHeaders } from './known-headers.ts'
import type { IssuerProfile } from './providers/issuer-profile.ts'
import { readVerifiedToken, refusedTokenFacts } from './read-verified-token.ts'
import { checkSecureAddress } from './secure-address.ts'
import { isSignatureRight } from './signature.ts'
import { refuse, TokenError } from './token-error.ts'
import { VerifierUnavailableError } from './unavailable-error.ts'
import type { VerificationKey } from './verification-key.ts'
import type { VerifiedAccessToken } from './verified-access-token.ts'
import { type CacheSettings, VerifiedTokenCache } from './verified-token-cache.ts'

/** Asked on every call, after any cache: a text is the reason why the token is no longer good. */
export type RevocationCheck = (token: VerifiedAccessToken) => string | undefined | Promise<string | undefined>

/** How a token came: needed for tokens that are bound to a key. */
export interface TokenPresentation {
  readonly method: string
  /** The address the client used, as it sees it, not as a proxy rewrote it. */
  readonly url: string
  /** Value of the `DPoP` header. */
  readonly dpopProof?: string | undefined
  /** SHA-256 thumbprint of the client certificate of the connection, base64url (RFC 8705 section 3.1). */
  readonly clientCertificateThumbprint?: string | undefined
  /** Scheme of the `Authorization` header. Default: `DPoP` when there is a proof, else `Bearer`. */
  readonly scheme?: 'Bearer' | 'DPoP' | undefined
  /** Refuse a token that is not bound to a key. Default: what the verifier was told. */
  readonly requireSenderConstraint?: boolean | undefined
}

/** Settings of a verifier. */
export interface AccessTokenVerifierSettings {
  /** Canonical address of this resource server (RFC 8707, RFC 9728): the audience, unless an issuer has its own. */
  readonly resource: string
  /** Whose tokens are accepted. */
  readonly issuers: readonly IssuerProfile[]
  /** Remembers tokens that passed. `false` switches it off. Default: 10,000 tokens, 32 MiB. */
  readonly cache?: false | CacheSettings
  /** Seconds since the epoch, with or without a fraction. Default: the time of this machine. */
  readonly clock?: () => number
  /** Accepted clock difference for `exp`, `nbf` and `iat`, in seconds, 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number
  /** Longest life of a token that is accepted, from `iat` to `exp`, in seconds. Default 86,400. */
  readonly maxTokenLifetimeSeconds?: number
  /** Longest token that is looked at, in characters. Default 16,384. */
  readonly maxTokenLength?: number
  readonly isRevoked?: RevocationCheck
  /** How key sets are fetched and kept. Defaults: 3 s, 1 MiB, every 60 s, up to 600 s longer while an issuer is down. */
  readonly keySets?: Partial<KeySetSettings>
  /** Used for all requests to issuers, such as one that goes through a proxy. Default: the platform's. */
  readonly fetch?: Fetch
  /** Told about dangerous settings. Default: `process.emitWarning`. */
  readonly onWarning?: (message: string) => void
}

/** Verifies access tokens. Made by {@link createAccessTokenVerifier}. */
export interface AccessTokenVerifier {
  /**
   * Verifies an access token presented to this resource server.
   *
   * @param compactToken Without the scheme in front.
   * @throws {TokenError} The token is not acceptable; `reason` says which check failed.
   * @throws {KeySetUnavailableError} The keys of its issuer cannot be had.
   */
  verify(compactToken: string, request?: TokenPresentation): Promise<VerifiedAccessToken>
  /** Ends background work. */
  close(): void
}

interface Issuer {
  readonly profile: IssuerProfile
  readonly keySet: KeySet
}

const defaultKeySetSettings: KeySetSettings = {
  timeoutMs: 3000,
  maxBytes: 1024 * 1024,
  refreshMs: 60_000,
  staleMs: 600_000,
}

/**
 * Makes a verifier of access tokens for one resource server.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function createAccessTokenVerifier(settings: AccessTokenVerifierSettings): AccessTokenVerifier {
  return new Verifier(settings)
}

class Verifier implements AccessTokenVerifier {
  readonly #settings: AccessTokenVerifierSettings
  readonly #clock: () => number
  readonly #toleranceSeconds: number
  readonly #routes: IssuerRoutes<Issuer>
  readonly #issuers: readonly Issuer[]
  readonly #headers = new VerifiedHeaders()
  readonly #cache: VerifiedTokenCache | undefined

  constructor(settings: AccessTokenVerifierSettings) {
    checkSettings(settings)
    this.#settings = settings
    this.#clock = settings.clock ?? (() => Date.now() / 1000)
    this.#toleranceSeconds = settings.clockToleranceSeconds ?? 5
    this.#issuers = settings.issuers.map((profile) => this.#openIssuer(profile))
    this.#routes = new IssuerRoutes(this.#issuers)
    this.#cache = settings.cache === false ? undefined : new VerifiedTokenCache(settings.cache)
  }

  async verify(compactToken: string, request?: TokenPresentation): Promise<VerifiedAccessToken> {
    checkTokenText(compactToken, this.#settings.maxTokenLength ?? defaultMaxTokenLength)
    const now = this.#clock()
    const cached = this.#cache?.get(compactToken)
    if (cached !== undefined) {
      if (cached.keySet.current === undefined) await cached.keySet.load()
      if (!cached.key.withdrawn) {
        this.#recheckTimes(cached.token, now)
        return this.#admit(cached.token, request)
      }
    }
    const token = readCompactToken(compactToken, this.#headers)
    const issuer = this.#routes.find(token.claims.iss)
    const found = this.#verifySignature(token, issuer)
    const key = found instanceof Promise ? await found : found
    const verified = readVerifiedToken(
      { header: token.header, claims: token.claims, profile: issuer.profile, now },
      this.#settings.resource,
      { toleranceSeconds: this.#toleranceSeconds, ceilingSeconds: this.#settings.maxTokenLifetimeSeconds ?? 86_400 },
    )
    this.#headers.add(compactToken.slice(0, compactToken.indexOf('.')), token.header)
    this.#cache?.add(compactToken, { token: verified, key, keySet: issuer.keySet })
    return this.#admit(verified, request)
  }

  close(): void {
    for (const { keySet } of this.#issuers) keySet.close()
  }

  #openIssuer(profile: IssuerProfile): Issuer {
    if (profile.allowInsecureHttp) {
      this.#warn(
        `dangerouslyAllowInsecureHttp: keys of ${profile.issuer} may come over http, where anybody on the way can replace them`,
      )
    }
    const limits = { ...defaultKeySetSettings, ...this.#settings.keySets }
    const fetchFrom = this.#settings.fetch ?? fetch
    const locate = async () =>
      checkSecureAddress(
        'jwks_uri',
        profile.jwksUri ?? (await locateKeySet(profile, limits, fetchFrom)),
        profile.allowInsecureHttp,
      )
    return {
      profile,
      keySet: new KeySet({ issuer: profile.issuer, locate, algorithms: profile.algorithms }, limits, fetchFrom),
    }
  }

  #verifySignature(token: UnverifiedToken, issuer: Issuer): VerificationKey | Promise<VerificationKey> {
    const ring = issuer.keySet.current
    if (ring === undefined) return this.#verifySignatureLater(token, issuer)
    const { keyId, algorithm } = token.header
    const keys = keyId === undefined ? ring.onlyKeyFor(algorithm) : ring.withId(keyId)
    if (keys.length > 0) return chooseKey(token, keys)
    const loading = keyId === undefined ? undefined : issuer.keySet.loadFor(keyId)
    if (loading === undefined) return refuse('key_unknown', keyUnknownMessage)
    return loading.then((newer) => chooseKey(token, newer.withId(keyId ?? '')))
  }

  async #verifySignatureLater(token: UnverifiedToken, issuer: Issuer): Promise<VerificationKey> {
    await issuer.keySet.load()
    return this.#verifySignature(token, issuer)
  }

  #recheckTimes(token: VerifiedAccessToken, now: number): void {
    const times = {
      expiresAt: token.expiresAt,
      notBefore: token.claims.nbf as number | undefined,
      issuedAt: token.issuedAt,
    }
    try {
      checkTimes(times, now, this.#toleranceSeconds)
    } catch (error) {
      throw error instanceof TokenError
        ? new TokenError(error.reason, error.message, { token: refusedTokenFacts(token) })
        : error
    }
  }

  async #admit(token: VerifiedAccessToken, _request: TokenPresentation | undefined): Promise<VerifiedAccessToken> {
    if (token.confirmation !== undefined)
      refuse('bound_token_as_bearer', 'the token is bound to a key', { token: refusedTokenFacts(token) })
    const { isRevoked } = this.#settings
    if (isRevoked === undefined) return token
    const reason = await askRevocation(isRevoked, token)
    if (reason !== undefined) refuse('revoked', `the token was revoked: ${reason}`, { token: refusedTokenFacts(token) })
    return token
  }

  #warn(message: string): void {
    if (this.#settings.onWarning !== undefined) this.#settings.onWarning(message)
    else process.emitWarning(message, { code: 'MCP_IDENTITY_DANGEROUS_SETTING' })
  }
}

const keyUnknownMessage = 'no key of the issuer has the "kid" of this token'

function chooseKey(token: UnverifiedToken, keys: readonly VerificationKey[]): VerificationKey {
  const fitting = keys.filter((key) => key.algorithm === token.header.algorithm)
  if (keys.length === 0) refuse('key_unknown', keyUnknownMessage)
  if (fitting.length === 0) refuse('key_mismatch', 'the key with the "kid" of this token is for another "alg"')
  const signed = Buffer.from(token.compact.slice(0, token.signedLength), 'latin1')
  return (
    fitting.find((key) => isSignatureRight(key, signed, token.signature)) ??
    refuse('signature_invalid', 'the signature does not fit')
  )
}

async function locateKeySet(profile: IssuerProfile, limits: KeySetSettings, fetchFrom: Fetch): Promise<string> {
  const { jwks_uri: address } = await fetchMetadata(profile.issuer, limits, fetchFrom)
  if (typeof address !== 'string') throw new Error('its metadata names no jwks_uri')
  return address
}

async function askRevocation(isRevoked: RevocationCheck, token: VerifiedAccessToken): Promise<string | undefined> {
  try {
    return await isRevoked(token)
  } catch (cause) {
    throw new VerifierUnavailableError('the revocation check failed', 1, { cause })
  }
}

function checkSettings({
  resource,
  issuers,
  clockToleranceSeconds = 5,
  maxTokenLifetimeSeconds = 1,
}: AccessTokenVerifierSettings): void {
  if (typeof resource !== 'string' || !URL.canParse(resource))
    throw new TypeError('resource must be an absolute URI (RFC 8707 section 2)')
  if (!Array.isArray(issuers) || issuers.length === 0) throw new TypeError('issuers must name at least one issuer')
  if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= 60))
    throw new TypeError('clockToleranceSeconds must be 0 to 60')
  if (!(maxTokenLifetimeSeconds > 0)) throw new TypeError('maxTokenLifetimeSeconds must be more than 0')
}

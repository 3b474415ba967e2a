import { checkLifetime, checkTimes } from './checks/times.ts'
import { isStrings } from './claim-values.ts'
import { checkTokenText, readCompactToken, type UnverifiedToken } from './compact-token.ts'
import { DpopCheck } from './dpop/check-dpop.ts'
import { IssuerRoutes } from './issuer-routes.ts'
import { VerifiedHeaders } from './known-headers.ts'
import type { GroupResolver, SignedToken } from './providers/issuer-profile.ts'
import { readVerifiedToken, refusedTokenFacts, type TokenRules } from './read-verified-token.ts'
import { checkSenderConstraint } from './sender-constraint.ts'
import { refuse, TokenError } from './token-error.ts'
import type { TokenPresentation } from './token-presentation.ts'
import { refuseUnknownKey, TrustedIssuer, unknownKeyError } from './trusted-issuer.ts'
import { VerifierUnavailableError } from './unavailable-error.ts'
import type { VerificationKey } from './verification-key.ts'
import type { Claims, VerifiedAccessToken } from './verified-access-token.ts'
import { type AcceptedToken, VerifiedTokenCache } from './verified-token-cache.ts'
import { type AccessTokenVerifierSettings, type CompleteSettings, completeSettings } from './verifier-settings.ts'

/** Verifies access tokens. Made by {@link createAccessTokenVerifier}. */
export interface AccessTokenVerifier {
  /**
   * Verifies an access token presented to this resource server (RFC 9068 section 4, RFC 8725).
   *
   * Checks shape, header, key, signature, claims, kind of token, sender constraint, lifetime and revocation, in that
   * order. Does not check scopes.
   *
   * @param compactToken Without the scheme in front.
   * @param request How the token came; needed for tokens that are bound to a key.
   * @throws {TokenError} The token is not acceptable; `reason` says which check failed.
   * @throws {KeySetUnavailableError} The keys of its issuer cannot be had.
   * @throws {IntrospectionUnavailableError} Its issuer has to be asked and cannot be.
   * @throws {VerifierUnavailableError} The revocation check or the store of used proofs failed.
   */
  verify(compactToken: string, request?: TokenPresentation): Promise<VerifiedAccessToken>
  /** Ends background work. The verifier can still be used. */
  close(): void
}

/**
 * Makes a verifier of access tokens for one resource server. Nothing is fetched before the first token comes.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export function createAccessTokenVerifier(settings: AccessTokenVerifierSettings): AccessTokenVerifier {
  return new Verifier(completeSettings(settings))
}

/** Groups that were found elsewhere are used this long, and for a moment only when they could not be found. */
const groupsSeconds = 300
const missingGroupsSeconds = 5

class Verifier implements AccessTokenVerifier {
  readonly #settings: CompleteSettings
  readonly #rules: TokenRules
  readonly #issuers: readonly TrustedIssuer[]
  readonly #routes: IssuerRoutes
  readonly #dpop: DpopCheck
  readonly #headers = new VerifiedHeaders()
  readonly #cache: VerifiedTokenCache | undefined
  readonly #isKeyUnknown = (keyId: string | undefined): boolean => this.#routes.isKeyUnknown(keyId)

  constructor(settings: CompleteSettings) {
    const { resource, clockToleranceSeconds: toleranceSeconds } = settings
    this.#settings = settings
    this.#rules = { resource, toleranceSeconds }
    this.#issuers = settings.issuers.map((profile) => new TrustedIssuer(profile, settings.keySets, settings.fetch))
    this.#routes = new IssuerRoutes(this.#issuers)
    this.#dpop = new DpopCheck(settings.dpop, settings.clock)
    this.#cache = settings.cache === false ? undefined : new VerifiedTokenCache(settings.cache)
    for (const { profile } of this.#issuers) {
      if (profile.allowInsecureHttp) settings.onWarning(insecureHttpWarning(profile.issuer))
    }
  }

  /** Not an async function: making one costs more than most of what it would wait for, which is nothing. */
  verify(compactToken: string, request?: TokenPresentation): Promise<VerifiedAccessToken> {
    try {
      checkTokenText(compactToken, this.#settings.maxTokenLength)
      const now = this.#settings.clock()
      const found = this.#remembered(compactToken, now) ?? this.#accept(compactToken, now)
      // Not thrown: key ids are made up in floods, and throwing costs as much as finding out.
      if (found === undefined) return Promise.reject(unknownKeyError())
      if (found instanceof Promise) return found.then((accepted) => this.#admit(accepted, request, now))
      return Promise.resolve(this.#admit(found, request, now))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  close(): void {
    for (const { keySet } of this.#issuers) keySet.close()
  }

  /** The checks of every call, whatever is remembered. */
  #admit(
    { compact, token }: AcceptedToken,
    request: TokenPresentation | undefined,
    now: number,
  ): VerifiedAccessToken | Promise<VerifiedAccessToken> {
    const proven = this.#checkSender(token, compact, request, now)
    return proven === undefined ? this.#admitProven(token) : proven.then(() => this.#admitProven(token))
  }

  #admitProven(token: VerifiedAccessToken): VerifiedAccessToken | Promise<VerifiedAccessToken> {
    this.#checkLifetime(token)
    const revoked = this.#askRevocation(token)
    if (revoked instanceof Promise) return revoked.then((reason) => refuseRevoked(token, reason))
    return refuseRevoked(token, revoked)
  }

  /** A token that passed before, if what its acceptance rested on still stands. */
  #remembered(compactToken: string, now: number): AcceptedToken | Promise<AcceptedToken> | undefined {
    const accepted = this.#cache?.get(compactToken)
    if (accepted === undefined || accepted.freshUntil <= now) return undefined
    const { issuer, key } = accepted
    if (key !== undefined && issuer.keySet.current === undefined) {
      return issuer.keySet
        .load()
        .then(() =>
          key.withdrawn
            ? (this.#accept(compactToken, now) ?? refuseUnknownKey())
            : recheckTimes(accepted, now, this.#rules),
        )
    }
    return key?.withdrawn === true ? undefined : recheckTimes(accepted, now, this.#rules)
  }

  /** `undefined` when its key is one that nobody has. */
  #accept(compactToken: string, now: number): AcceptedToken | Promise<AcceptedToken> | undefined {
    const token = readCompactToken(compactToken, this.#headers, this.#isKeyUnknown)
    if (token === 'key unknown') return undefined
    if (token === undefined) return this.#acceptOpaque(compactToken, this.#routes.findForOpaque(compactToken), now)
    const issuer = this.#routes.findByIssuer(token.claims.iss)
    refuseEarly(token, issuer, now - this.#rules.toleranceSeconds)
    const key = issuer.verifySignature(token)
    return key instanceof Promise
      ? key.then((fetched) => this.#acceptSigned(token, issuer, fetched, now))
      : this.#acceptSigned(token, issuer, key, now)
  }

  #acceptSigned(
    token: UnverifiedToken,
    issuer: TrustedIssuer,
    key: VerificationKey,
    now: number,
  ): AcceptedToken | Promise<AcceptedToken> {
    const { compact, header, claims } = token
    const { profile } = issuer
    // Stryker disable next-line all: a header that is not remembered is read again.
    if (token.isHeaderNew) this.#headers.add(compact, header)
    const signed = { header, claims, profile, now }
    if (profile.online?.completes(claims) === true) return this.#complete(compact, signed, issuer, key)
    return this.#keep(compact, signed, issuer, key, Number.POSITIVE_INFINITY)
  }

  /** Joins what a signed token says and what its issuer says about it. */
  async #complete(
    compact: string,
    signed: SignedToken,
    issuer: TrustedIssuer,
    key: VerificationKey,
  ): Promise<AcceptedToken> {
    const answer = await this.#ask(compact, issuer, signed.now)
    const { jti } = signed.claims
    if (jti !== undefined && answer.jti !== undefined && jti !== answer.jti)
      refuse('inactive', 'the issuer answered about another token')
    const freshUntil = signed.now + (signed.profile.online?.cacheSeconds ?? 0)
    return this.#keep(compact, { ...signed, claims: { ...signed.claims, ...answer } }, issuer, key, freshUntil)
  }

  async #acceptOpaque(compactToken: string, issuer: TrustedIssuer, now: number): Promise<AcceptedToken> {
    const claims = await this.#ask(compactToken, issuer, now)
    const freshUntil = now + (issuer.profile.online?.cacheSeconds ?? 0)
    const signed = { header: undefined, claims, profile: issuer.profile, now }
    return this.#keep(compactToken, signed, issuer, undefined, freshUntil)
  }

  async #ask(compactToken: string, { questions }: TrustedIssuer, now: number): Promise<Claims> {
    const { fetch: fetchFrom, keySets: limits } = this.#settings
    return (
      questions?.ask(compactToken, { fetch: fetchFrom, limits, now }) ??
      refuse('malformed', 'nobody can be asked about this token')
    )
  }

  #keep(
    compact: string,
    signed: SignedToken,
    issuer: TrustedIssuer,
    key: VerificationKey | undefined,
    freshUntil: number,
  ): AcceptedToken | Promise<AcceptedToken> {
    const token = readVerifiedToken(signed, this.#rules)
    const { resolveGroups } = signed.profile
    const accepted = { compact, token, issuer, key, freshUntil }
    if (resolveGroups !== undefined && token.caller.groups === undefined)
      return this.#findGroups(accepted, signed, resolveGroups)
    this.#cache?.add(accepted)
    return accepted
  }

  /** Groups that cannot be found stay unknown, and are looked for again soon. */
  async #findGroups(
    accepted: AcceptedToken,
    signed: SignedToken,
    resolveGroups: GroupResolver,
  ): Promise<AcceptedToken> {
    const groups = await askForGroups(resolveGroups, accepted.token.claims)
    const seconds = groups === undefined ? missingGroupsSeconds : groupsSeconds
    const freshUntil = Math.min(accepted.freshUntil, signed.now + seconds)
    const completed = { ...accepted, token: readVerifiedToken(signed, this.#rules, groups), freshUntil }
    this.#cache?.add(completed)
    return completed
  }

  #checkLifetime(token: VerifiedAccessToken): void {
    const { maxTokenLifetimeSeconds: ceiling } = this.#settings
    const lifetime = token.expiresAt - token.issuedAt
    if (lifetime > ceiling) checkLifetime(lifetime, ceiling, { token: refusedTokenFacts(token) })
  }

  #checkSender(
    token: VerifiedAccessToken,
    compactToken: string,
    request: TokenPresentation | undefined,
    now: number,
  ): Promise<void> | undefined {
    const isRequired = request?.requireSenderConstraint ?? this.#settings.requireSenderConstraint
    if (request === undefined && token.confirmation === undefined && !isRequired) return undefined
    return checkSenderConstraint({ token, compactToken, request, isRequired, now }, this.#dpop)
  }

  #askRevocation(token: VerifiedAccessToken): string | undefined | Promise<string | undefined> {
    const { isRevoked } = this.#settings
    if (isRevoked === undefined) return undefined
    try {
      const answer = isRevoked(token)
      return answer instanceof Promise ? answer.catch(refuseUnchecked) : answer
    } catch (cause) {
      return refuseUnchecked(cause)
    }
  }
}

/**
 * Spares the work on a key for tokens that cannot pass: another kind of token of the issuer, or long expired. Says
 * nothing of the claims, which nobody has vouched for yet.
 */
function refuseEarly({ claims: { exp } }: UnverifiedToken, { profile }: TrustedIssuer, latest: number): void {
  if (!profile.hasSignedTokens)
    refuse('not_an_access_token', 'access tokens of this issuer are not signed; this is another token')
  if (typeof exp === 'number' && exp >= 0 && exp <= latest) refuse('expired', 'the token has expired')
}

function recheckTimes(accepted: AcceptedToken, now: number, { toleranceSeconds }: TokenRules): AcceptedToken {
  const { expiresAt, issuedAt, claims } = accepted.token
  const notBefore = claims.nbf as number | undefined
  try {
    checkTimes({ expiresAt, notBefore, issuedAt }, now, toleranceSeconds)
    return accepted
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new TokenError(error.reason, error.message, { token: refusedTokenFacts(accepted.token) })
  }
}

/** A resolver that fails, or answers with something else, leaves the groups unknown. */
async function askForGroups(resolveGroups: GroupResolver, claims: Claims): Promise<readonly string[] | undefined> {
  try {
    const groups = await resolveGroups(claims)
    return isStrings(groups) ? groups : undefined
  } catch {
    return undefined
  }
}

function refuseRevoked(token: VerifiedAccessToken, reason: string | undefined): VerifiedAccessToken {
  if (reason === undefined) return token
  refuse('revoked', `the token was revoked: ${reason}`, { token: refusedTokenFacts(token) })
}

function refuseUnchecked(cause: unknown): never {
  throw new VerifierUnavailableError('the revocation check failed', 1, { cause })
}

function insecureHttpWarning(issuer: string): string {
  return `dangerouslyAllowInsecureHttp: keys of ${issuer} may come over http, where anybody on the way can replace them`
}

import { checkAudience } from './checks/audience.ts'
import { checkClaimTypes, checkRequiredClaims } from './checks/claim-types.ts'
import { checkTimeOrder, checkTimes, type TokenTimes } from './checks/times.ts'
import { checkClient, checkForeignClaims, checkHeaderType } from './checks/token-kind.ts'
import { isObject, isStrings, readString } from './claim-values.ts'
import type { Dialect, SignedToken } from './providers/issuer-profile.ts'
import { readCaller } from './read-caller.ts'
import { SealedToken, type TokenParts } from './sealed-token.ts'
import { refuse, TokenError } from './token-error.ts'
import type { Caller, Claims, Confirmation, RefusedTokenFacts, VerifiedAccessToken } from './verified-access-token.ts'

/** What the resource server asks of every token. */
export interface TokenRules {
  readonly resource: string
  readonly toleranceSeconds: number
}

/**
 * Runs every check on the claims of a token whose signature was right, and gives the token its verified form.
 *
 * @param groups Groups of the caller, where they were found elsewhere.
 * @throws {TokenError} With the facts of the token.
 */
export function readVerifiedToken(
  token: SignedToken,
  rules: TokenRules,
  groups?: readonly string[],
): VerifiedAccessToken {
  try {
    return checkAndRead(token, rules, groups)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new TokenError(error.reason, error.message, { token: factsOf(token) })
  }
}

function checkAndRead(
  token: SignedToken,
  rules: TokenRules,
  groups: readonly string[] | undefined,
): VerifiedAccessToken {
  const { claims, profile, now } = token
  const { dialect } = profile
  checkClaimTypes(token)
  checkRequiredClaims(token)
  const times = timesOf(claims)
  checkTimes(times, now, rules.toleranceSeconds)
  checkTimeOrder(times)
  const audiences = listOf(claims.aud)
  const accepted = profile.audiences ?? [rules.resource]
  if (audiences.length > 0 || profile.isMeantForUs?.(claims, accepted) !== true) {
    checkAudience(audiences, accepted, profile.exactAudience, profile.companionAudiences)
  }
  checkHeaderType(token)
  checkForeignClaims(token)
  for (const check of profile.kindChecks) check(token)
  const subject = require(readString(claims, dialect.subject), dialect.subject)
  const clientId = require(readString(claims, dialect.clientId), dialect.clientId)
  checkClient(token, clientId)
  // Stryker disable next-line ConditionalExpression: the only one that is accepted is the one that was found.
  const mine = accepted.length === 1 ? accepted : accepted.filter((one) => audiences.includes(one))
  return seal({
    issuer: claims.iss as string,
    subject,
    clientId,
    audiences,
    scope: withoutPrefix(readScope(claims, dialect), profile.scopePrefix),
    issuedAt: times.issuedAt ?? times.notBefore ?? now,
    expiresAt: times.expiresAt,
    tokenId: readString(claims, dialect.tokenId),
    sessionId: readString(claims, dialect.sessionId),
    caller: withGroupNames(readCaller(claims, dialect, mine, groups), profile.groupNames),
    confirmation: readConfirmation(claims),
    claims,
  })
}

/** The one place where a verified token is made. */
function seal(parts: TokenParts): VerifiedAccessToken {
  return new SealedToken(parts) as unknown as VerifiedAccessToken
}

/** What may be told about a token that is refused after its signature was right. */
export function refusedTokenFacts({
  issuer,
  subject,
  clientId,
  tokenId,
  sessionId,
  caller,
}: VerifiedAccessToken): RefusedTokenFacts {
  const { email, name, department } = caller
  return Object.freeze({ issuer, subject, clientId, tokenId, sessionId, email, name, department })
}

function factsOf({ claims, profile: { dialect } }: SignedToken): RefusedTokenFacts {
  return Object.freeze({
    issuer: claims.iss as string,
    subject: readString(claims, dialect.subject),
    clientId: readString(claims, dialect.clientId),
    tokenId: readString(claims, dialect.tokenId),
    sessionId: readString(claims, dialect.sessionId),
    email: readString(claims, dialect.email),
    name: readString(claims, dialect.name),
    department: readString(claims, dialect.department),
  })
}

function timesOf({ exp, nbf, iat }: Claims): TokenTimes {
  if (exp === undefined) refuse('claim_missing', '"exp" is required')
  return { expiresAt: exp as number, notBefore: nbf as number | undefined, issuedAt: iat as number | undefined }
}

function listOf(aud: unknown): readonly string[] {
  if (aud === undefined) return []
  return typeof aud === 'string' ? [aud] : (aud as readonly string[])
}

function require(value: string | undefined, names: readonly string[]): string {
  return value === undefined || value === '' ? refuse('claim_missing', `"${names.join('" or "')}" is required`) : value
}

function readScope(claims: Claims, { scope: { claim, form } }: Dialect): TokenParts['scope'] {
  const scope = claims[claim]
  if (scope === undefined) return undefined
  if (form === 'string' && typeof scope === 'string') return scope
  if (form === 'array' && isStrings(scope)) return scope
  return refuse('claim_invalid', `"${claim}" must be ${form === 'string' ? 'a string' : 'a list of strings'}`)
}

function withoutPrefix(scope: TokenParts['scope'], prefix: string | undefined): TokenParts['scope'] {
  if (prefix === undefined || scope === undefined) return scope
  const scopes = typeof scope === 'string' ? scope.split(' ') : scope
  return scopes.map((one) => (one.startsWith(prefix) ? one.slice(prefix.length) : one))
}

function withGroupNames(caller: Caller, names: ReadonlyMap<string, string> | undefined): Caller {
  if (names === undefined || caller.groups === undefined) return caller
  return { ...caller, groups: caller.groups.map((group) => names.get(group) ?? group) }
}

/** `cnf` must say something that is understood, and only that: a token is never used as if it were not bound. */
function readConfirmation({ cnf }: Claims): Confirmation | undefined {
  if (!isObject(cnf)) return undefined
  // Keycloak says beside "jkt" by what the token was bound to it; any other way is none that is understood.
  const { jkt, 'x5t#S256': certificateThumbprint, 'kc-jkt-type': boundBy = 'DPoP', ...others } = cnf
  const isKnown = (value: unknown): value is string | undefined => value === undefined || isThumbprint(value)
  if (!isKnown(jkt) || !isKnown(certificateThumbprint) || boundBy !== 'DPoP' || Object.keys(others).length > 0) {
    return refuse('confirmation_not_understood', '"cnf" must have jkt or x5t#S256, and nothing else')
  }
  if (jkt === undefined && certificateThumbprint === undefined)
    refuse('confirmation_not_understood', '"cnf" must have jkt or x5t#S256')
  return { jkt, certificateThumbprint }
}

function isThumbprint(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value)
}

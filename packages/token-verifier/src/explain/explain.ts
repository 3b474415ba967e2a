import { checkLifetime } from '../checks/times.ts'
import { checkTokenText, readCompactToken, type UnverifiedToken } from '../compact-token.ts'
import { IssuerRoutes } from '../issuer-routes.ts'
import type { IssuerProfile } from '../providers/issuer-profile.ts'
import { readVerifiedToken } from '../read-verified-token.ts'
import { readJsonObject } from '../strict-json.ts'
import { refuse, TokenError } from '../token-error.ts'
import { TrustedIssuer } from '../trusted-issuer.ts'
import { VerifierUnavailableError } from '../unavailable-error.ts'
import type { VerifiedAccessToken } from '../verified-access-token.ts'
import { type AccessTokenVerifierSettings, type CompleteSettings, completeSettings } from '../verifier-settings.ts'
import { adviceFor } from './advice.ts'
import type { CheckName, CheckResult, Explanation, Fact } from './explanation.ts'
import { guessProvider } from './guess-provider.ts'
import { redactedFacts, redactedHeader } from './redacted-facts.ts'

/** Settings of {@link explain}: those of the verifier, so that it judges as the verifier does. */
export interface ExplainSettings extends AccessTokenVerifierSettings {
  /** Do not fetch keys: the signature is not judged, and nothing leaves this machine. Default false. */
  readonly offline?: boolean
}

/**
 * Says why a token is refused, and what to change on which side. Goes on after a check that failed, as far as that
 * makes sense; a token that has expired is judged as it was while it was good, too.
 *
 * For people: never decide by it. The explanation holds no token and nothing that tells who somebody is. Sender
 * constraints are named and not proven; revocation is not asked.
 *
 * @throws {TypeError} A setting is missing or wrong.
 */
export async function explain(compactToken: string, settings: ExplainSettings): Promise<Explanation> {
  const complete = completeSettings(settings)
  const issuers = complete.issuers.map((profile) => new TrustedIssuer(profile, complete.keySets, complete.fetch))
  try {
    return await explainFor(compactToken.trim(), issuers, complete, settings.offline === true)
  } finally {
    for (const { keySet } of issuers) keySet.close()
  }
}

async function explainFor(
  compactToken: string,
  issuers: readonly TrustedIssuer[],
  settings: CompleteSettings,
  isOffline: boolean,
): Promise<Explanation> {
  const now = settings.clock()
  const shape = attempt('shape and header', undefined, 'strictly written', () => readToken(compactToken, settings))
  if (shape.value === undefined) return explanationOf(undefined, roughFacts(compactToken, now), [shape.result])
  const token = shape.value
  const guess = guessProvider(token.claims)
  const facts = roughFacts(compactToken, now)
  const route = attempt('issuer', guess, 'trusted here', () => new IssuerRoutes(issuers).findByIssuer(token.claims.iss))
  if (route.value === undefined) return explanationOf(guess, facts, [shape.result, route.result])
  const { profile } = route.value
  const signature = await judgeSignature(token, route.value, isOffline)
  const claims = judgeClaims(token, profile, settings, now)
  const checks = [shape.result, route.result, signature, ...claims]
  return explanationOf(profile.provider, facts, checks)
}

function readToken(compactToken: string, { maxTokenLength }: CompleteSettings): UnverifiedToken {
  checkTokenText(compactToken, maxTokenLength)
  const token = readCompactToken(compactToken, { get: () => undefined }, () => false)
  if (typeof token === 'object') return token
  refuse('malformed', 'the access token is no JWS of three parts; an opaque token says nothing by itself')
}

async function judgeSignature(token: UnverifiedToken, issuer: TrustedIssuer, isOffline: boolean): Promise<CheckResult> {
  const { provider, hasSignedTokens } = issuer.profile
  try {
    if (!hasSignedTokens) refuse('not_an_access_token', 'access tokens of this issuer are not signed')
    if (isOffline) return notJudged('signature', 'keys are not fetched')
    await issuer.verifySignature(token)
    return { check: 'signature', outcome: 'passed', finding: 'made with a key of the issuer' }
  } catch (error) {
    if (error instanceof TokenError) return failed('signature', error, provider)
    if (error instanceof VerifierUnavailableError) return notJudged('signature', error.message)
    throw error
  }
}

function judgeClaims(
  { header, claims }: UnverifiedToken,
  profile: IssuerProfile,
  settings: CompleteSettings,
  now: number,
): readonly CheckResult[] {
  const rules = { resource: settings.resource, toleranceSeconds: settings.clockToleranceSeconds }
  const judge = (at: number) =>
    attempt('claims', profile.provider, 'meant for this resource server, and in time', () =>
      readVerifiedToken({ header, claims, profile, now: at }, rules),
    )
  const today = judge(now)
  const isExpired = today.result.reason === 'expired' && typeof claims.exp === 'number'
  // A pasted token has mostly expired, and that is seldom what is wrong with it.
  const inTime = isExpired ? judge(Number(claims.exp) - 1) : today
  const results = isExpired && inTime.value === undefined ? [today.result, inTime.result] : [today.result]
  return inTime.value === undefined ? results : [...results, ...judgeAccepted(inTime.value, profile, settings)]
}

function judgeAccepted(
  token: VerifiedAccessToken,
  { provider }: IssuerProfile,
  settings: CompleteSettings,
): readonly CheckResult[] {
  const lifetime = attempt('lifetime', provider, 'short enough', () =>
    checkLifetime(token.expiresAt - token.issuedAt, settings.maxTokenLifetimeSeconds),
  )
  return [senderConstraintOf(token, settings), lifetime.result]
}

function senderConstraintOf({ confirmation }: VerifiedAccessToken, settings: CompleteSettings): CheckResult {
  const check = 'sender constraint'
  if (confirmation === undefined && settings.requireSenderConstraint) {
    return failed(check, new TokenError('sender_constraint_required', 'the token is not bound to a key'), undefined)
  }
  if (confirmation === undefined)
    return { check, outcome: 'passed', finding: 'not bound to a key: whoever has it can use it' }
  const how = confirmation.jkt === undefined ? 'the client certificate' : 'a DPoP proof'
  return notJudged(check, `bound to a key: each request must come with ${how}`)
}

interface Attempt<Value> {
  readonly value?: Value
  readonly result: CheckResult
}

function attempt<Value>(
  check: CheckName,
  provider: IssuerProfile['provider'] | undefined,
  finding: string,
  judge: () => Value,
): Attempt<Value> {
  try {
    return { value: judge(), result: { check, outcome: 'passed', finding } }
  } catch (error) {
    if (error instanceof TokenError) return { result: failed(check, error, provider) }
    throw error
  }
}

function failed(
  check: CheckName,
  { reason, message }: TokenError,
  provider: IssuerProfile['provider'] | undefined,
): CheckResult {
  return { check, outcome: 'failed', reason, finding: message, advice: adviceFor(reason, provider) }
}

function notJudged(check: CheckName, finding: string): CheckResult {
  return { check, outcome: 'not judged', finding }
}

function explanationOf(
  provider: Explanation['provider'],
  facts: readonly Fact[],
  checks: readonly CheckResult[],
): Explanation {
  const isRefused = checks.some(({ outcome }) => outcome === 'failed')
  const isOpen = checks.some(({ outcome }) => outcome === 'not judged')
  return { verdict: isRefused ? 'refused' : isOpen ? 'not judged' : 'accepted', provider, facts, checks }
}

/** What the header and payload say, read as far as they can be. */
function roughFacts(compactToken: string, now: number): readonly Fact[] {
  const [header, payload] = compactToken.split('.', 2).map((part) => readJsonObject(Buffer.from(part, 'base64url')))
  return [...(header ? redactedHeader(header) : []), ...(payload ? redactedFacts(payload, now) : [])]
}

import { createScopeHierarchy } from '@mcp-identity/mcp-authorization'
import type { PolicyCaller } from '@mcp-identity/policy'
import { type CutOffState, type Signal, settlingSeconds } from '@mcp-identity/shared-signals'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Introspector } from './introspection.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { scopeHierarchy, scopesSupported } from './scopes.ts'

/** The token's session or person was ended at the authorization server. */
export class InactiveTokenError extends Error {
  constructor() {
    super('the authorization server says that the access token is not active')
    this.name = 'InactiveTokenError'
  }
}

/** A caller as policies see him or her, with the permissions of now: granted scopes ∩ roles held. */
export type LiveCaller = PolicyCaller & { readonly scopes: readonly string[] }

export interface LiveCallers {
  /**
   * The caller with the permissions of now. A token that is older than the latest change of permissions is not taken at
   * its word: the authorization server is asked, once that change has settled for the last time, and again after the next.
   *
   * @param isFresh Ask now, whatever is known.
   * @throws {InactiveTokenError} The token has been ended.
   * @throws {IntrospectionFailedError} It had to be asked and did not answer.
   */
  of(token: VerifiedAccessToken, compactToken: string, isFresh: boolean): LiveCaller | Promise<LiveCaller>
  /**
   * What is known without asking, good enough to show somebody what may be called: the newest answer since the latest change.
   * Undefined while the token's permissions are in doubt.
   */
  known(token: VerifiedAccessToken): LiveCaller | undefined
  /**
   * Ends the doubt about a token, so that its caller is shown what may be called now. Never fails: without an answer the
   * doubt stays, and the call decides. Undefined: there is none.
   */
  settle(token: VerifiedAccessToken, compactToken: string): Promise<void> | undefined
  /** Stops listening to signals. */
  close(): void
}

const hierarchy = createScopeHierarchy(scopeHierarchy)
const mostSubjects = 10_000

/**
 * How long an answer is used that came within {@link settlingSeconds} of a change, in milliseconds. It may already know of
 * the next change, which can be taken back before anybody reports either: nothing would then say that the answer is old.
 */
const unsettledAnswerMs = 250

/** So often it is asked before somebody is shown tools, where each answer is overtaken by a change. */
const mostAsked = 3

/** What the authorization server said of the tokens of one subject since their permissions changed. */
interface Answers {
  /** On the monotonic clock, in milliseconds. */
  changedAtMs: number
  byToken: Map<VerifiedAccessToken, { caller: LiveCaller; usableUntilMs: number }>
}

/** @param introspectors By issuer; for an issuer without one its tokens are taken at their word. */
export function createLiveCallers(
  state: Pick<CutOffState, 'permissionsChangedSince' | 'subscribe'>,
  introspectors: ReadonlyMap<string, Introspector>,
): LiveCallers {
  const fromTokens = new WeakMap<VerifiedAccessToken, LiveCaller>()
  const asked = new Map<string, Answers>()
  const askInTurn = oneAtATime<VerifiedAccessToken, LiveCaller>()
  let allChangedAtMs = Number.NEGATIVE_INFINITY

  const unsubscribe = state.subscribe((signal: Signal) => {
    if (signal.kind !== 'permissions_changed') return
    if (signal.subject === undefined) forgetAll()
    else beginAnswers(subjectKey(signal.issuer, signal.subject), performance.now())
  })

  function forgetAll(): void {
    asked.clear()
    allChangedAtMs = performance.now()
  }

  /** Each change begins anew, so that answers to what was asked before it find no place. */
  function beginAnswers(key: string, changedAtMs?: number): Answers {
    if (!asked.has(key) && asked.size >= mostSubjects) forgetAll()
    const answers = { changedAtMs: changedAtMs ?? allChangedAtMs, byToken: new Map() }
    asked.set(key, answers)
    return answers
  }

  function inDoubt(token: VerifiedAccessToken): boolean {
    return introspectors.has(token.issuer) && state.permissionsChangedSince(token, token.caller.groups)
  }

  function known(token: VerifiedAccessToken): LiveCaller | undefined {
    return inDoubt(token) ? answerAbout(token)?.caller : asIssued(token)
  }

  /** What a call may be decided on without asking. */
  function usable(token: VerifiedAccessToken): LiveCaller | undefined {
    if (!inDoubt(token)) return asIssued(token)
    const answer = answerAbout(token)
    return answer !== undefined && performance.now() < answer.usableUntilMs ? answer.caller : undefined
  }

  function answerAbout(token: VerifiedAccessToken) {
    return asked.get(subjectKey(token.issuer, token.subject))?.byToken.get(token)
  }

  /** One object for all calls with a token, so that what is found out about it can be kept with it. */
  function asIssued(token: VerifiedAccessToken): LiveCaller {
    const remembered = fromTokens.get(token)
    if (remembered !== undefined) return remembered
    const caller = callerFromToken(token)
    fromTokens.set(token, caller)
    return caller
  }

  function of(token: VerifiedAccessToken, compactToken: string, isFresh: boolean): LiveCaller | Promise<LiveCaller> {
    const introspector = introspectors.get(token.issuer)
    if (introspector === undefined) return asIssued(token)
    return (isFresh ? undefined : usable(token)) ?? ask(introspector, token, compactToken)
  }

  /** Calls that come at once share a question: each with its own would keep the authorization server from answering any. */
  function ask(introspector: Introspector, token: VerifiedAccessToken, compactToken: string): Promise<LiveCaller> {
    return askInTurn(token, () => askNow(introspector, token, compactToken))
  }

  async function askNow(
    introspector: Introspector,
    token: VerifiedAccessToken,
    compactToken: string,
  ): Promise<LiveCaller> {
    const key = subjectKey(token.issuer, token.subject)
    const answers = asked.get(key) ?? beginAnswers(key)
    const askedAtMs = performance.now()
    const found = await introspector.introspect(compactToken)
    if (found.outcome === 'inactive') throw new InactiveTokenError()
    const live = Object.freeze({
      ...callerFromToken(token),
      ...found,
      scopes: heldScopes(token.scopes, found.roles),
    })
    // A change that came meanwhile may not be in this answer: use it for the calls that wait for it, keep it for none.
    if (asked.get(key) === answers) keep(answers, token, live, askedAtMs)
    return live
  }

  function keep(
    { changedAtMs, byToken }: Answers,
    token: VerifiedAccessToken,
    caller: LiveCaller,
    askedAtMs: number,
  ): void {
    if (byToken.size >= 100) byToken.clear()
    const isSettled = askedAtMs - changedAtMs >= settlingSeconds * 1_000
    byToken.set(token, { caller, usableUntilMs: isSettled ? Number.POSITIVE_INFINITY : askedAtMs + unsettledAnswerMs })
  }

  function settle(token: VerifiedAccessToken, compactToken: string): Promise<void> | undefined {
    const introspector = introspectors.get(token.issuer)
    if (introspector === undefined || usable(token) !== undefined) return undefined
    return askUntilKnown(introspector, token, compactToken).catch(() => {})
  }

  /** One change is often told of twice, and the second time may come while the first is asked about. */
  async function askUntilKnown(introspector: Introspector, token: VerifiedAccessToken, compactToken: string) {
    for (let times = 0; times < mostAsked; times += 1) {
      await ask(introspector, token, compactToken)
      if (known(token) !== undefined) return
    }
  }

  return { of, known, settle, close: unsubscribe }
}

/** The caller as the token describes him or her; frozen. */
export function callerFromToken(token: VerifiedAccessToken): LiveCaller {
  const { caller, claims } = token
  const roles = caller.roles.filter((role) => scopesSupported.includes(role))
  return Object.freeze({
    kind: caller.kind,
    issuer: token.issuer,
    subject: token.subject,
    clientId: token.clientId,
    name: caller.name,
    email: caller.email,
    department: caller.department,
    groups: caller.groups,
    roles: caller.roles,
    zoneinfo: textClaim(claims.zoneinfo),
    country: textClaim(claims.country),
    // Where roles bear the names of scopes they say what is held; elsewhere the granted scopes are all there is.
    scopes: roles.length === 0 ? token.scopes : heldScopes(token.scopes, roles),
  })
}

/** The granted scopes, and what they include, as far as a role still stands behind each. */
function heldScopes(granted: readonly string[], roles: readonly string[]): readonly string[] {
  const backed = hierarchy.expand(roles)
  return [...hierarchy.expand(granted)].filter((scope) => backed.has(scope) || !scopesSupported.includes(scope))
}

function subjectKey(issuer: string, subject: string): string {
  return JSON.stringify([issuer, subject])
}

function textClaim(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

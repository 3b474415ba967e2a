import { createScopeHierarchy } from '@mcp-identity/mcp-authorization'
import type { PolicyCaller } from '@mcp-identity/policy'
import type { CutOffState, Signal } from '@mcp-identity/shared-signals'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Introspector } from './introspection.ts'
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
   * its word: the authorization server is asked once, and again after the next change.
   *
   * @param isFresh Ask now, whatever is known.
   * @throws {InactiveTokenError} The token has been ended.
   * @throws {IntrospectionFailedError} It had to be asked and did not answer.
   */
  of(token: VerifiedAccessToken, compactToken: string, isFresh: boolean): Promise<LiveCaller>
  /** What is known without asking; undefined while the token's permissions are in doubt. */
  known(token: VerifiedAccessToken): LiveCaller | undefined
  /**
   * Ends the doubt about a token, so that its caller is shown what may be called now. Never fails: without an answer the
   * doubt stays, and the call decides.
   */
  settle(token: VerifiedAccessToken, compactToken: string): Promise<void>
  /** Stops listening to signals. */
  close(): void
}

const hierarchy = createScopeHierarchy(scopeHierarchy)
const mostSubjects = 10_000

/** @param introspectors By issuer; for an issuer without one its tokens are taken at their word. */
export function createLiveCallers(
  state: Pick<CutOffState, 'permissionsChangedSince' | 'subscribe'>,
  introspectors: ReadonlyMap<string, Introspector>,
): LiveCallers {
  const fromTokens = new WeakMap<VerifiedAccessToken, LiveCaller>()
  const asked = new Map<string, Map<VerifiedAccessToken, LiveCaller>>()
  let epoch = 0

  const unsubscribe = state.subscribe((signal: Signal) => {
    if (signal.kind !== 'permissions_changed') return
    epoch++
    if (signal.subject === undefined) asked.clear()
    else asked.delete(subjectKey(signal.issuer, signal.subject))
  })

  function inDoubt(token: VerifiedAccessToken): boolean {
    return introspectors.has(token.issuer) && state.permissionsChangedSince(token, token.caller.groups)
  }

  function known(token: VerifiedAccessToken): LiveCaller | undefined {
    if (inDoubt(token)) return asked.get(subjectKey(token.issuer, token.subject))?.get(token)
    const caller = fromTokens.get(token) ?? callerFromToken(token)
    fromTokens.set(token, caller)
    return caller
  }

  async function of(token: VerifiedAccessToken, compactToken: string, isFresh: boolean): Promise<LiveCaller> {
    const introspector = introspectors.get(token.issuer)
    const caller = isFresh && introspector !== undefined ? undefined : known(token)
    if (caller !== undefined || introspector === undefined) return caller ?? callerFromToken(token)
    const startedIn = epoch
    const found = await introspector.introspect(compactToken)
    if (found.outcome === 'inactive') throw new InactiveTokenError()
    const live = { ...callerFromToken(token), ...found, scopes: heldScopes(token.scopes, found.roles) }
    // A change that came meanwhile may not be in this answer: use it for this call, keep it for none.
    if (startedIn === epoch) keep(token, live)
    return live
  }

  function keep(token: VerifiedAccessToken, caller: LiveCaller): void {
    if (asked.size >= mostSubjects) asked.clear()
    const key = subjectKey(token.issuer, token.subject)
    const ofSubject = asked.get(key) ?? new Map<VerifiedAccessToken, LiveCaller>()
    if (ofSubject.size >= 100) ofSubject.clear()
    asked.set(key, ofSubject.set(token, caller))
  }

  async function settle(token: VerifiedAccessToken, compactToken: string): Promise<void> {
    if (known(token) === undefined) await of(token, compactToken, false).catch(() => {})
  }

  return { of, known, settle, close: unsubscribe }
}

/** The caller as the token describes him or her. */
export function callerFromToken(token: VerifiedAccessToken): LiveCaller {
  const { caller, claims } = token
  const roles = caller.roles.filter((role) => scopesSupported.includes(role))
  return {
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
  }
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

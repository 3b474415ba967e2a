import type { VisibilityRules } from '@mcp-identity/mcp-authorization'
import type { PolicyEngine } from '@mcp-identity/policy'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { LiveCaller, LiveCallers } from './live-caller.ts'
import { scopesOf, scopesSupported } from './scopes.ts'

/**
 * Who sees which tool: not the one that policy forbids this caller for good, and not the one whose scope the
 * authorization server would never grant. A tool that only the hour forbids is shown.
 *
 * A token that is older than the latest change of permissions counts as the authorization server says
 * ({@link LiveCallers.settle}). Where that has not answered everything is shown; the decision comes with the call.
 */
export function createVisibility(engine: PolicyEngine, liveCallers: LiveCallers): VisibilityRules {
  const forbidden = new WeakMap<LiveCaller, Map<string, boolean>>()

  function isForbiddenTo(caller: LiveCaller, tool: string): boolean {
    const scopes = [...new Set([...caller.scopes, ...scopesOf(tool, engine.schema.model)])]
    const decision = engine.decide({ caller: { ...caller, scopes }, tool })
    return decision.outcome === 'denied' && decision.reason === 'policy' && decision.retryAfter === undefined
  }

  function isForbidden(token: VerifiedAccessToken, tool: string): boolean {
    const caller = liveCallers.known(token)
    if (caller === undefined) return false
    const known = forbidden.get(caller) ?? new Map<string, boolean>()
    forbidden.set(caller, known)
    // A reload changes the version, and with it what is remembered.
    const key = `${engine.version} ${tool}`
    const answer = known.get(key) ?? isForbiddenTo(caller, tool)
    known.set(key, answer)
    return answer
  }

  /** Where roles bear the names of scopes, the authorization server grants a scope to those who hold its role. */
  function canObtainScope(token: VerifiedAccessToken, scope: string): boolean {
    const roles = liveCallers.known(token)?.roles ?? []
    return !roles.some((role) => scopesSupported.includes(role)) || roles.includes(scope)
  }

  return { isForbidden, canObtainScope }
}

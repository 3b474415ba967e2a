import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authenticated, ProtectedResource } from '@mcp-identity/mcp-authorization'
import type { PolicyEngine } from '@mcp-identity/policy'
import { callerMembers, requestMembers } from '../audit-events.ts'
import type { AuditTrail } from '../audit-trail.ts'
import { InactiveTokenError, type LiveCallers } from '../live-caller.ts'
import { contextOf } from '../request-context.ts'
import { scopesOf } from '../scopes.ts'
import { type RouteHandler, rawRequestOf, sendAnswer, sendJson } from './answers.ts'

export interface AuditorsOnlyParts {
  protectedResource: ProtectedResource
  engine: PolicyEngine
  liveCallers: LiveCallers
  auditTrail: Pick<AuditTrail, 'note'>
}

/** Handles a request of somebody who may read the audit log. */
export type AuditorsHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  authenticated: Authenticated,
) => void | Promise<void>

/**
 * Lets through who may read the audit log: the scope and the policy of `export_audit`, which directory administrators,
 * administrators in their hours, and operations have. A refusal by policy says why, and is put on record.
 *
 * @param method The one that the route answers. Default `GET`. For others the authorization server confirms the token.
 * @param right The permission asked for. Default `export_audit`.
 */
export function auditorsOnly(
  parts: AuditorsOnlyParts,
  handle: AuditorsHandler,
  method = 'GET',
  right: 'export_audit' | 'review_access' = 'export_audit',
): RouteHandler {
  const { protectedResource } = parts
  return async (request, response, url) => {
    if (request.method !== method)
      return sendJson(response, 405, { error: 'method_not_allowed' }, { allow: `${method}, OPTIONS` })
    const raw = rawRequestOf(request)
    const authentication = await protectedResource.authenticate(raw)
    if (authentication.outcome === 'refused') return sendAnswer(response, authentication.answer)
    const refused = protectedResource.authorize(authentication, { scopes: scopesOf(right) })
    if (refused !== undefined) return sendAnswer(response, protectedResource.report(refused, raw).answer)
    const denial = await denialOf(parts, authentication, right, method !== 'GET')
    if (denial !== undefined) return refuse(parts, request, response, url, authentication, denial)
    await handle(request, response, url, authentication)
  }
}

/** Why policy or the authorization server refuses, in one sentence. */
async function denialOf(
  { engine, liveCallers }: AuditorsOnlyParts,
  authenticated: Authenticated,
  right: string,
  isFresh: boolean,
): Promise<string | undefined> {
  try {
    const caller = await liveCallers.of(authenticated.token, authenticated.compactToken, isFresh)
    const decision = engine.decide({ caller, tool: right })
    return decision.outcome === 'denied' ? decision.explanation : undefined
  } catch (error) {
    return error instanceof InactiveTokenError ? 'Your access has ended.' : 'Your access cannot be confirmed right now.'
  }
}

function refuse(
  { auditTrail }: AuditorsOnlyParts,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { token, headers }: Authenticated,
  reason: string,
): void {
  const who = { ...requestMembers(contextOf(request)), ...callerMembers(token) }
  auditTrail.note(() => ({ phase: 'decision', action: url.pathname, outcome: 'refused', reason, ...who }))
  sendJson(response, 403, { error: 'access_denied', error_description: reason }, headers)
}

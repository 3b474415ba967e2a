import type { ProtectedResource } from '@mcp-identity/mcp-authorization'
import type { PolicyDecision, PolicyEngine } from '@mcp-identity/policy'
import { present } from '../audit-events.ts'
import { InactiveTokenError, type LiveCaller, type LiveCallers } from '../live-caller.ts'
import { scopesOf } from '../scopes.ts'
import { type RouteHandler, rawRequestOf, sendAnswer, sendJson } from './answers.ts'

export interface AccessApiParts {
  protectedResource: ProtectedResource
  engine: PolicyEngine
  liveCallers: LiveCallers
  tools: Iterable<{ name: string; title?: string | undefined; description?: string | undefined }>
  /** Tokens that live longer are refused. */
  maxTokenLifetimeSeconds: number
}

/** What would be answered if the bearer of the token called a tool now. */
export interface ToolAccess {
  name: string
  title?: string
  description?: string
  scopes: readonly string[]
  /** `allowed`: for some record at least, where the tool acts on records. */
  outcome: 'allowed' | 'denied'
  policies: readonly string[]
  explanation?: string
  /** ISO instant from which the call would be allowed, when only the hour is wrong. */
  retryAfter?: string
}

/**
 * `GET /access`: every tool, and whether the bearer of the token may call it now, for people who ask what they may do;
 * with the longest life of a token that this server accepts.
 *
 * Needs a token of this resource and no scope, and says nothing about anybody else. Nothing is called.
 */
export function accessApi(parts: AccessApiParts): RouteHandler {
  const { protectedResource, engine, liveCallers, maxTokenLifetimeSeconds } = parts
  const described = [...parts.tools]
  return async (request, response) => {
    const authentication = await protectedResource.authenticate(rawRequestOf(request))
    if (authentication.outcome === 'refused') return sendAnswer(response, authentication.answer)
    const { token, compactToken, headers } = authentication
    try {
      const caller = await liveCallers.of(token, compactToken, false)
      const access = described.map((tool) => accessTo(tool, caller, engine))
      sendJson(response, 200, { tools: access, maxTokenLifetimeSeconds }, headers)
    } catch (error) {
      const hasEnded = error instanceof InactiveTokenError
      const problem = hasEnded ? 'Your access has ended.' : 'Your access cannot be confirmed right now.'
      sendJson(response, hasEnded ? 403 : 503, { error: 'access_denied', error_description: problem }, headers)
    }
  }
}

type DescribedTool = AccessApiParts['tools'] extends Iterable<infer Tool> ? Tool : never

function accessTo({ name, title, description }: DescribedTool, caller: LiveCaller, engine: PolicyEngine): ToolAccess {
  const decision = engine.decide({ caller, tool: name })
  return {
    name,
    ...present({ title, description }),
    scopes: scopesOf(name, engine.schema.model),
    outcome: decision.outcome,
    policies: decision.policies,
    ...refusalOf(decision),
  }
}

function refusalOf(decision: PolicyDecision): Pick<ToolAccess, 'explanation' | 'retryAfter'> {
  if (decision.outcome === 'allowed') return {}
  const { explanation, retryAfter } = decision
  return { explanation, ...present({ retryAfter }) }
}

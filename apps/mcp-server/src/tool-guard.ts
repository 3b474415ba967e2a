import { type AuditEvent, AuditUnavailableError, digestArguments } from '@mcp-identity/audit-log'
import { refuseToolCall, type ToolCall, type ToolGuard, type ToolResult } from '@mcp-identity/mcp-authorization'
import type { DeniedDecision, PolicyContext, PolicyDecision, PolicyEngine, RowFilter } from '@mcp-identity/policy'
import { SharedStoreError } from '@mcp-identity/policy/store'
import type { CutOffState } from '@mcp-identity/shared-signals'
import type { Logger } from 'pino'
import { callerMembers, requestMembers } from './audit-events.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { FourEyes } from './four-eyes.ts'
import { IntrospectionFailedError } from './introspection.ts'
import { InactiveTokenError, type LiveCaller, type LiveCallers } from './live-caller.ts'
import type { Metrics } from './metrics.ts'
import { contextOf, type RequestContext, readTraceparent } from './request-context.ts'
import type { CompanyTool, Grants } from './tools/company-tool.ts'

export interface ToolGuardParts {
  tools: ReadonlyMap<string, CompanyTool>
  engine: PolicyEngine
  fourEyes: FourEyes
  liveCallers: Pick<LiveCallers, 'of'>
  cutOffs: Pick<CutOffState, 'reasonRefused' | 'cutOff'>
  auditTrail: Pick<AuditTrail, 'record'>
  grants: Grants
  metrics: Metrics
  logger: Logger
}

/** Columns of the customer database that policies ask for. */
const columns = { id: 'id', team: 'team', strategic: 'strategic' }

/**
 * What happens around every tool call: live permissions, policy, the decision on record, the tool, the outcome on record.
 *
 * Fails closed: what cannot be decided, confirmed or recorded is refused. A result is withheld when the right to the call
 * ended while the tool ran.
 */
export function createToolGuard(parts: ToolGuardParts): ToolGuard {
  const { tools, engine, fourEyes, liveCallers, cutOffs, auditTrail, grants, metrics, logger } = parts

  return async (call, proceed) => {
    const context = contextOf(call.request)
    const tool = tools.get(call.tool)
    if (tool === undefined) throw new TypeError(`${call.tool} is offered but has no rule`)
    const event = eventOf(call, tool, context)
    try {
      const caller = await liveCallers.of(call.token, compactTokenOf(call), tool.isDestructive === true)
      const decision = await decide(call, tool, caller)
      if (decision.outcome === 'denied') return await refuse(event, context, decision)
      const { policies, version: policyVersion } = decision
      await recordDecision(context, { ...event, outcome: 'allowed', policies, policyVersion })
      grants.give(call, grantOf(call.tool, caller, policies))
      return await run(call, proceed, event, policies, context)
    } catch (error) {
      return refuseUndecidable(error, call, event, context)
    }
  }

  function decide(call: ToolCall, tool: CompanyTool, caller: LiveCaller): PolicyDecision | Promise<PolicyDecision> {
    const given = call.arguments as Readonly<Record<string, unknown>>
    return fourEyes.decide({ caller, tool: call.tool, arguments: given, resource: tool.recordOf?.(given) })
  }

  function grantOf(tool: string, caller: LiveCaller, policies: readonly string[]) {
    // Most tools read no rows: what decisions about them depend on is looked up by the first that does.
    let known: PolicyContext | undefined
    const context = () => {
      known ??= fourEyes.contextOf(caller)
      return known
    }
    return {
      caller,
      policies,
      rows: (resourceType: string): RowFilter =>
        engine.rowFilter({ caller, action: tool, resourceType, context: context(), columns }),
      mask: <Row extends object>(resourceType: string, row: Row) =>
        engine.maskFields({ caller, resourceType, row, context: context() }),
    }
  }

  async function run(
    call: ToolCall,
    proceed: () => Promise<ToolResult>,
    event: AuditEvent,
    policies: readonly string[],
    context: RequestContext,
  ): Promise<ToolResult> {
    const startedAtMs = performance.now()
    const result = await proceed().catch((error) => toolFailure(error, context))
    const durationMs = Math.round(performance.now() - startedAtMs)
    const cutOff = cutOffs.reasonRefused(call.token)
    const ended = cutOff !== undefined || call.signal.aborted
    const outcome = ended ? 'refused' : isFailure(result) ? 'failed' : 'succeeded'
    const reason = ended ? (cutOff === undefined ? 'call_ended' : 'revoked_during_call') : undefined
    await auditTrail.record({ ...event, phase: 'outcome', outcome, policies, durationMs, ...(reason && { reason }) })
    metrics.toolCalls.inc({ tool: call.tool, outcome })
    metrics.toolSeconds.observe({ tool: call.tool }, durationMs / 1000)
    return ended
      ? refuseToolCall({ explanation: 'Your access ended while this call ran, so its result is withheld.' })
      : result
  }

  function toolFailure(error: unknown, { requestId }: RequestContext): ToolResult {
    logger.error({ err: error, requestId }, 'a tool failed')
    return { isError: true, content: [{ type: 'text', text: `The tool failed. Request ${requestId}.` }] }
  }

  async function refuse(event: AuditEvent, context: RequestContext, denied: DeniedDecision): Promise<ToolResult> {
    const { policies, version: policyVersion, explanation, reason, retryAfter } = denied
    await recordDecision(context, {
      ...event,
      outcome: 'refused',
      reason: explanation,
      policies,
      policyVersion,
      details: { reason },
    })
    metrics.toolCalls.inc({ tool: event.tool ?? '', outcome: 'refused' })
    return refuseToolCall({ explanation, policies, retryAfter })
  }

  function recordDecision(context: RequestContext, event: AuditEvent): Promise<void> {
    return auditTrail.record(event).then(() => {
      context.isDecided = true
    })
  }

  /** Nothing ran, or what ran is not told: there was no durable record, or no confirmation of the token. */
  async function refuseUndecidable(
    error: unknown,
    call: ToolCall,
    event: AuditEvent,
    context: RequestContext,
  ): Promise<ToolResult> {
    const known = undecidables.find(({ kind }) => error instanceof kind)
    if (known === undefined) throw error
    const { reason, explanation } = known
    if (reason === 'inactive') cutOffInactive(call)
    logger.warn({ err: error, requestId: context.requestId, tool: call.tool }, 'a call was refused')
    metrics.toolCalls.inc({ tool: call.tool, outcome: 'refused' })
    if (reason === 'audit_unavailable') context.isUnrecorded = true
    else await recordDecision(context, { ...event, outcome: 'refused', reason })
    return refuseToolCall({ explanation, ...(reason === 'inactive' ? {} : { retryAfter: inSeconds(2) }) })
  }

  /** What the authorization server ended stays ended here, also for calls that do not ask it. */
  function cutOffInactive({ token }: ToolCall): void {
    const named = token.tokenId === undefined ? { subject: token.subject } : { tokenId: token.tokenId }
    cutOffs.cutOff({ issuer: token.issuer, ...named, notBefore: token.issuedAt, cause: 'token_revoked' })
  }
}

const undecidables = [
  { kind: InactiveTokenError, reason: 'inactive', explanation: 'Your access has ended. Sign in again.' },
  {
    kind: IntrospectionFailedError,
    reason: 'introspection_unavailable',
    explanation: 'Your access cannot be confirmed right now, so nothing was done. Try again shortly.',
  },
  {
    kind: SharedStoreError,
    reason: 'approvals_unavailable',
    explanation: 'Whether somebody approved this cannot be seen right now, so nothing was done. Try again shortly.',
  },
  {
    kind: AuditUnavailableError,
    reason: 'audit_unavailable',
    explanation: 'The call cannot be put on record right now, so no result is given. Try again shortly.',
  },
] as const

function eventOf(call: ToolCall, tool: CompanyTool, context: RequestContext): AuditEvent {
  const { _meta: meta } = call.context.mcpReq as { _meta?: { traceparent?: unknown } }
  context.traceparent ??= readTraceparent(meta?.traceparent)
  return {
    phase: 'decision',
    action: 'tools/call',
    tool: call.tool,
    outcome: 'refused',
    ...requestMembers(context),
    ...callerMembers(call.token),
    argumentsDigest: digestArguments(call.arguments),
    readableArguments: tool.readableArguments(call.arguments),
  }
}

function compactTokenOf(call: ToolCall): string {
  return call.context.http?.authInfo?.token ?? ''
}

function isFailure(result: ToolResult): boolean {
  return (result as { isError?: boolean }).isError === true
}

function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString()
}

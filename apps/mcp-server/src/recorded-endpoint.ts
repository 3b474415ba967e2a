import type { AuditEvent } from '@mcp-identity/audit-log'
import type { Answer, IncomingRequest, McpEndpoint, Refusal } from '@mcp-identity/mcp-authorization'
import type { PolicyEngine } from '@mcp-identity/policy'
import { callerMembers, present, refusedCallerMembers, requestMembers } from './audit-events.ts'
import type { AuditTrail } from './audit-trail.ts'
import { callerFromToken } from './live-caller.ts'
import {
  headerOf,
  newRequestContext,
  type RequestContext,
  readTraceparent,
  withRequestContext,
} from './request-context.ts'
import { scopesOf } from './scopes.ts'
import { tellingBody } from './telling-body.ts'

export interface RecordedEndpointParts {
  endpoint: McpEndpoint
  engine: PolicyEngine
  auditTrail: AuditTrail
  /** Whether there is a tool of this name at all. */
  isTool: (name: string) => boolean
}

/**
 * Gives each request its context, and puts on record the calls that never came to a decision: refused at the gate,
 * naming a tool that this caller does not have, or with arguments that do not fit.
 *
 * Requests without a token whose signature was right are only counted: anybody can send those.
 *
 * Where the record cannot be written the answer is 503, whatever it would have been. An answer that streams has begun
 * before its call is decided: there the result says so.
 */
export function recordedEndpoint(parts: RecordedEndpointParts): McpEndpoint {
  const { endpoint } = parts

  async function handle(request: IncomingRequest): Promise<Answer | Response | undefined> {
    const context = newRequestContext()
    context.traceparent = readTraceparent(headerOf(request, 'traceparent'))
    context.namedTool = namedTool(headerOf(request, 'mcp-name'))
    context.protocolEra = eraOf(headerOf(request, 'mcp-protocol-version'))
    const answer = await endpoint.handle(remembering(request, context))
    const who = context.isDecided ? undefined : whoCalled(context)
    if (who !== undefined) {
      await recordUndecided(parts, context, who).catch(() => {
        context.isUnrecorded = true
      })
    }
    if (!context.isUnrecorded) return answer
    if (answer instanceof Response) await answer.body?.cancel()
    return unrecorded
  }

  /** From 2026-07-28 on a header names the tool, so it is known although the body was not read. */
  function namedTool(name: string | undefined): string | undefined {
    return name !== undefined && parts.isTool(name) ? name : undefined
  }

  return { ...endpoint, handle }
}

const unrecorded: Answer = {
  status: 503,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'retry-after': '2' },
  body: JSON.stringify({
    error: 'temporarily_unavailable',
    error_description: 'the call cannot be put on record right now',
  }),
}

function remembering(request: IncomingRequest, context: RequestContext): IncomingRequest {
  const remembered = tellingBody(request, (text) => {
    context.bodyText = text
  })
  return withRequestContext(remembered, context)
}

async function recordUndecided(
  parts: RecordedEndpointParts,
  context: RequestContext,
  who: Partial<AuditEvent>,
): Promise<void> {
  const tool = calledTool(context.bodyText) ?? context.namedTool
  if (context.refusal === undefined && tool === undefined) return
  const { record, recordRefusal } = parts.auditTrail
  const write = context.refusal === undefined ? record : recordRefusal
  await write({
    phase: 'decision',
    action: tool === undefined ? 'access' : 'tools/call',
    outcome: 'refused',
    ...present({ tool }),
    ...requestMembers(context),
    ...who,
    ...whyRefused(parts, context, tool),
  })
}

/** Undefined: nobody whom an issuer vouches for. */
function whoCalled({ token, refusal }: RequestContext): Partial<AuditEvent> | undefined {
  const known = token ?? refusal?.token
  if (known !== undefined) return callerMembers(known)
  return refusal?.facts === undefined ? undefined : refusedCallerMembers(refusal.facts)
}

function whyRefused(
  parts: RecordedEndpointParts,
  { token, refusal }: RequestContext,
  tool: string | undefined,
): Pick<AuditEvent, 'reason' | 'policies'> {
  if (refusal !== undefined) return { reason: reasonOf(refusal) }
  if (tool === undefined || token === undefined || !parts.isTool(tool)) return { reason: 'unknown_tool' }
  // As if the scope were granted: it is the group or role that is missing, and the sentence should name that.
  const caller = callerFromToken(token)
  const scopes = [...caller.scopes, ...scopesOf(tool, parts.engine.schema.model)]
  const decision = parts.engine.decide({ caller: { ...caller, scopes }, tool })
  return decision.outcome === 'denied'
    ? { reason: decision.explanation, policies: decision.policies }
    : { reason: 'invalid_arguments' }
}

function reasonOf({ reason }: Refusal): string {
  return reason
}

/** The tool that the first message of a body calls. */
function calledTool(bodyText: string | undefined): string | undefined {
  if (bodyText?.includes('tools/call') !== true) return undefined
  try {
    const body = JSON.parse(bodyText) as unknown
    const [message] = Array.isArray(body) ? body : [body]
    if (message?.method !== 'tools/call' || typeof message.params?.name !== 'string') return undefined
    return message.params.name.slice(0, 64)
  } catch {
    return undefined
  }
}

function eraOf(version: string | undefined): string | undefined {
  return version !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(version) ? version : undefined
}

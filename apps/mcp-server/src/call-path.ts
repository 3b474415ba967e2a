import {
  type CallRegistry,
  createMcpEndpoint,
  type McpEndpoint,
  type McpEndpointOptions,
  type ProtectedResource,
} from '@mcp-identity/mcp-authorization'
import type { PolicyEngine } from '@mcp-identity/policy'
import type { FourEyesStore } from '@mcp-identity/policy/store'
import type { CutOffState } from '@mcp-identity/shared-signals'
import type { Logger } from 'pino'
import type { AuditTrail } from './audit-trail.ts'
import { createFourEyes, type FourEyes } from './four-eyes.ts'
import type { LiveCallers } from './live-caller.ts'
import type { Metrics } from './metrics.ts'
import { recordedEndpoint } from './recorded-endpoint.ts'
import { contextOf } from './request-context.ts'
import { createToolGuard } from './tool-guard.ts'
import type { CompanyTool, Grants } from './tools/company-tool.ts'
import type { Tracing } from './tracing/tracing.ts'
import { createVisibility } from './visibility.ts'

/** What a call meets on its way. */
export interface CallPathParts extends Pick<McpEndpointOptions, 'serverInfo' | 'serverOptions'> {
  protectedResource: ProtectedResource
  tools: readonly CompanyTool[]
  grants: Grants
  engine: PolicyEngine
  approvals: FourEyesStore
  liveCallers: LiveCallers
  cutOffs: Pick<CutOffState, 'reasonRefused' | 'cutOff'>
  auditTrail: AuditTrail
  calls: CallRegistry
  metrics: Metrics
  tracing: Tracing
  logger: Logger
}

/** The way of a call, and who decides about it where two are needed. */
export interface CallPath {
  endpoint: McpEndpoint
  fourEyes: FourEyes
}

/**
 * Puts together what every call goes through: the gate, whether the tool is seen, live permissions, policies, the decision
 * on record, the tool, cut-offs once more, the outcome on record, the answer.
 */
export function createCallPath(parts: CallPathParts): CallPath {
  const { protectedResource, engine, liveCallers, cutOffs, auditTrail, grants, metrics, calls, tracing, logger } = parts
  const tools = new Map(parts.tools.map((entry) => [entry.tool.name, entry]))
  const fourEyes = createFourEyes({
    engine,
    store: parts.approvals,
    auditTrail,
    recordOf: (name, args) => tools.get(name)?.recordOf?.(args),
  })
  const guard = createToolGuard({
    tools,
    engine,
    fourEyes: tracing.policy(fourEyes),
    liveCallers,
    cutOffs,
    auditTrail,
    grants,
    metrics,
    logger,
  })
  const endpoint = createMcpEndpoint({
    protectedResource,
    serverInfo: parts.serverInfo,
    ...(parts.serverOptions && { serverOptions: parts.serverOptions }),
    tools: parts.tools.map(({ tool }) => tool),
    visibility: createVisibility(engine, liveCallers),
    guard: tracing.guard(guard),
    calls,
    reasonToWithhold: cutOffs.reasonRefused,
    onError: (error, request) =>
      logger.error({ err: error, requestId: contextOf(request).requestId }, 'a request failed'),
  })
  const recorded = recordedEndpoint({ endpoint, engine, auditTrail, isTool: (name) => tools.has(name) })
  return { endpoint: tracing.endpoint(recorded), fourEyes }
}

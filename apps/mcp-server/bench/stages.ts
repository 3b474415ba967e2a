import { join } from 'node:path'
import type { AuditEvent } from '@mcp-identity/audit-log'
import {
  createCallRegistry,
  createMcpEndpoint,
  type McpEndpoint,
  refuseToolCall,
  type ToolGuard,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import { openFourEyesStore } from '@mcp-identity/policy/store'
import { pino } from 'pino'
import { createCallPath } from '../src/call-path.ts'
import type { Config } from '../src/config.ts'
import { createLiveCallers } from '../src/live-caller.ts'
import { createMetrics } from '../src/metrics.ts'
import { openAuditTrail } from '../src/open-audit-trail.ts'
import { openPolicies, type Policies } from '../src/policies.ts'
import { joinReplicas } from '../src/replicas/join-replicas.ts'
import { contextOf } from '../src/request-context.ts'
import { openSignals } from '../src/signals.ts'
import { createGrants } from '../src/tools/company-tool.ts'
import { openTracing } from '../src/tracing/open-tracing.ts'
import { createVisibility } from '../src/visibility.ts'
import {
  companyConfig,
  createEchoResource,
  createEchoTool,
  createVerifier,
  echoModel,
  listen,
  type Setting,
  type Variant,
  variants,
} from './variants.ts'

type Phase = AuditEvent['phase']

const serverInfo = { name: 'echo', version: '1.0.0' }
const tool = createEchoTool()

/** The whole server, put together step by step from its own parts: each stage does what the one before does, and one thing more. */
export const stages: readonly Variant[] = [
  named('bare node:http echo'),
  named('gate and scopes'),
  { name: '+ policies', does: 'and policies: who sees the tool, whether this call is allowed', serve: servePolicies },
  {
    name: '+ guard',
    does: 'and the call path of the server without an audit log: live callers, cut-offs, rate limit, metrics, events',
    serve: (setting) => serveCallPath(setting, []),
  },
  {
    name: '+ one record',
    does: 'and the decision durable before the tool runs',
    serve: (setting) => serveCallPath(setting, ['decision']),
  },
  {
    name: '+ two records',
    does: 'and the outcome durable before the answer',
    serve: (setting) => serveCallPath(setting, ['decision', 'outcome']),
  },
  named('whole server'),
]

function named(name: string): Variant {
  const found = variants.find((variant) => variant.name === name)
  if (found === undefined) throw new TypeError(`there is no ${name}`)
  return found
}

async function servePolicies(setting: Setting): Promise<void> {
  const { engine } = echoPolicies(companyConfig(setting))
  const callers = createLiveCallers(neverChanged, new Map())
  const guard: ToolGuard = async ({ token, tool, arguments: given }, proceed) => {
    const caller = await callers.of(token, '', false)
    const decision = engine.decide({ caller, tool, context: { arguments: given as Readonly<Record<string, unknown>> } })
    return decision.outcome === 'allowed' ? proceed() : refuseToolCall({ explanation: decision.explanation })
  }
  await serveEndpoint(
    setting,
    createMcpEndpoint({
      protectedResource: createEchoResource(setting),
      serverInfo,
      tools: [tool],
      visibility: createVisibility(engine, callers),
      guard,
    }),
  )
}

/** The call path of the server, with the records of some phases only. */
async function serveCallPath(setting: Setting, recorded: readonly Phase[]): Promise<void> {
  const config = companyConfig(setting)
  const logger = pino({ level: 'error' })
  const { engine } = echoPolicies(config)
  const alone = await joinReplicas(undefined)
  const log = await openAuditTrail(config.audit, config.dataDirectory, logger, alone)
  const auditTrail = {
    ...log,
    record: (event: AuditEvent) => (recorded.includes(event.phase) ? log.record(event) : Promise.resolve()),
  }
  const { cutOffs, reasonRefused } = openSignals({ config, onState() {}, onSignal() {} })
  const calls = createCallRegistry()
  const { endpoint } = createCallPath({
    protectedResource: createEchoResource(setting, {
      verifier: createVerifier(setting, reasonRefused),
      rateLimits: { perCallerAndTool: { requests: config.callsPerMinute, seconds: 60 } },
      onAuthenticated: (token, request) => {
        contextOf(request).token = token
      },
    }),
    serverInfo,
    tools: [{ tool, readableArguments: () => ({}) }],
    grants: createGrants(),
    engine,
    approvals: await openFourEyesStore(join(config.dataDirectory, 'approvals.db')),
    liveCallers: createLiveCallers(cutOffs, new Map()),
    cutOffs,
    auditTrail,
    calls,
    metrics: createMetrics({
      cutOffs: () => cutOffs,
      feeds: () => [],
      openCalls: () => calls.size,
      auditWritable: () => auditTrail.isWritable,
      policiesStale: () => false,
      auditDeliveries: auditTrail.deliveries,
      otherLogs: () => [],
    }),
    tracing: await openTracing(undefined, logger),
    logger,
  })
  await serveEndpoint(setting, endpoint)
}

const neverChanged = { permissionsChangedSince: () => false, subscribe: () => () => {} }

function echoPolicies(config: Config): Policies {
  const onError = (cause: unknown): never => {
    throw cause
  }
  const clock = () => Date.now() / 1000
  return openPolicies({ config, model: echoModel, clock, onReload() {}, onDifference() {}, onError })
}

function serveEndpoint(setting: Setting, endpoint: McpEndpoint): Promise<void> {
  return listen(setting, toNodeListener(endpoint))
}

import { type AuditEvent, AuditUnavailableError } from '@mcp-identity/audit-log'
import { protectTool, type ToolCall } from '@mcp-identity/mcp-authorization'
import { loadPolicies } from '@mcp-identity/policy'
import { type FourEyesStore, openFourEyesStore } from '@mcp-identity/policy/store'
import { createCutOffState } from '@mcp-identity/shared-signals'
import { pino } from 'pino'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { createFourEyes } from '../src/four-eyes.ts'
import { IntrospectionFailedError } from '../src/introspection.ts'
import { callerFromToken, InactiveTokenError, type LiveCallers } from '../src/live-caller.ts'
import { createToolGuard } from '../src/tool-guard.ts'
import { createGrants, pick } from '../src/tools/company-tool.ts'
import { idleMetrics } from './fixtures/idle-metrics.ts'
import { verifiedToken } from './fixtures/verified-token.ts'

const token = verifiedToken({ subject: 'sub-alice', groups: ['Customer Admins'], scopes: ['read:customers'] })
const call = {
  tool: 'get_customer',
  arguments: { id: 'cust_001' },
  token,
  signal: new AbortController().signal,
  context: { mcpReq: {}, http: { authInfo: { token: 'compact' } } },
} as unknown as ToolCall

let events: AuditEvent[]
let failsAt: number
let fourEyesStore: FourEyesStore
let liveCallers: Pick<LiveCallers, 'of'>
let cutOffs: ReturnType<typeof createCutOffState>

beforeEach(async () => {
  fourEyesStore = await openFourEyesStore(':memory:')
  onTestFinished(() => fourEyesStore.close())
  events = []
  failsAt = -1
  liveCallers = { of: async (given) => callerFromToken(given) }
  cutOffs = createCutOffState({ retentionSeconds: 3_600 })
})

function guard() {
  const record = async (event: AuditEvent): Promise<void> => {
    if (events.length === failsAt) throw new AuditUnavailableError('disk full')
    events.push(event)
  }
  const tool = {
    tool: protectTool({ name: 'get_customer', scopes: [], handler: () => result }),
    readableArguments: pick('id'),
  }
  const engine = loadPolicies()
  return createToolGuard({
    tools: new Map([['get_customer', tool]]),
    engine,
    fourEyes: createFourEyes({
      engine,
      store: fourEyesStore,
      auditTrail: { record: async () => {} },
      recordOf: () => undefined,
    }),
    liveCallers,
    cutOffs,
    auditTrail: { record },
    grants: createGrants(),
    metrics: idleMetrics(),
    logger: pino({ level: 'silent' }),
  })
}

const result = { content: [{ type: 'text' as const, text: 'the record' }] }
const run = (proceed = async () => result) => guard()(call, proceed)
const outcomes = () => events.map(({ phase, outcome, reason }) => [phase, outcome, reason].filter(Boolean).join(' '))

it('records the decision before the tool runs and the outcome after', async () => {
  const seen = await run(async () => {
    expect(outcomes()).toEqual(['decision allowed'])
    return result
  })
  expect(seen).toBe(result)
  expect(outcomes()).toEqual(['decision allowed', 'outcome succeeded'])
  expect(events[0]?.policies).toEqual(['customer-admins-manage-customers'])
})

it('withholds the result of a call whose caller was cut off while it ran', async () => {
  const seen = await run(async () => {
    cutOffs.cutOff({
      issuer: token.issuer,
      subject: token.subject,
      notBefore: token.issuedAt,
      cause: 'account_disabled',
    })
    return result
  })
  expect(JSON.stringify(seen)).not.toContain('the record')
  expect(outcomes()).toEqual(['decision allowed', 'outcome refused revoked_during_call'])
})

it('does not run the tool when the decision cannot be recorded', async () => {
  failsAt = 0
  let ran = false
  const seen = await run(async () => {
    ran = true
    return result
  })
  expect(ran).toBe(false)
  expect(seen).toMatchObject({ isError: true })
})

it('does not tell the result when the outcome cannot be recorded', async () => {
  failsAt = 1
  expect(JSON.stringify(await run())).not.toContain('the record')
})

it('refuses when the authorization server cannot confirm the token, and says when to try again', async () => {
  liveCallers = { of: () => Promise.reject(new IntrospectionFailedError('down')) }
  const seen = await run()
  expect(seen).toMatchObject({ isError: true })
  expect(JSON.stringify(seen)).toContain('retry_after')
  expect(outcomes()).toEqual(['decision refused introspection_unavailable'])
})

it('cuts off here what the authorization server has ended', async () => {
  liveCallers = { of: () => Promise.reject(new InactiveTokenError()) }
  await run()
  expect(cutOffs.reasonRefused(token)).toBe('token_revoked')
  expect(outcomes()).toEqual(['decision refused inactive'])
})

it('tells nothing of what went wrong inside a tool', async () => {
  const seen = await run(async () => {
    throw new Error('SELECT * FROM secrets')
  })
  expect(JSON.stringify(seen)).not.toContain('SELECT')
  expect(outcomes()).toEqual(['decision allowed', 'outcome failed'])
})

import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { loadPolicies, type PolicyCall } from '../src/index.ts'
import { people } from '../test/people.ts'

if (process.argv.length > 2) {
  console.log('Usage: pnpm --filter @mcp-identity/policy bench\n\nWhat one decision takes, beside Cedar by itself.')
  process.exit(process.argv[2] === '--help' ? 0 : 2)
}

/** Median and 99th percentile, in microseconds, of one decision at a time. */
function measure(name: string, calls: readonly PolicyCall[], decide: (call: PolicyCall) => unknown): void {
  const times: number[] = []
  for (let round = 0; round < 20_000; round++) {
    const call = calls[round % calls.length]
    if (call === undefined) continue
    const before = process.hrtime.bigint()
    decide(call)
    times.push(Number(process.hrtime.bigint() - before) / 1000)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(times.length * share)]?.toFixed(1)
  console.log(`${name.padEnd(44)} median ${at(0.5)} us, p99 ${at(0.99)} us`)
}

const clock = () => Date.parse('2026-11-23T14:00:00Z') / 1000
const resource = { type: 'Customer', id: 'cust_789', team: 'Sales West' }
const scopes = ['read:customers', 'write:customers', 'admin:reports', 'read:finance']
const callers = Object.values(people).map((caller) => ({ ...caller, scopes }))
const calls: PolicyCall[] = callers.flatMap((caller) => [
  { caller, tool: 'get_customer', resource },
  { caller, tool: 'update_customer', resource: { ...resource, team: 'Sales East' } },
  { caller, tool: 'list_customers' },
])
const engine = loadPolicies({ clock })
let serial = 0

/** The same calls put to Cedar with the whole prepared set and every fact, for comparison. */
function askPlainly({ caller, tool }: PolicyCall, team: string): void {
  const described = engine.schema.model.tools[tool]
  const principal = { type: caller.kind === 'service' ? 'Service' : 'Person', id: `${caller.issuer} ${caller.subject}` }
  const action = { type: 'Action', id: tool }
  const record = { type: 'Customer', id: 'cust_789' }
  const attrs = {
    issuer: caller.issuer,
    clientId: caller.clientId,
    kind: caller.kind,
    hasGroups: true,
    roles: [],
    team,
  }
  const answer = cedar.statefulIsAuthorized({
    principal,
    action,
    resource: record,
    context: { businessHours: true, scopes: [...scopes], arguments: {}, approved: false, breakGlass: false },
    entities: [
      { uid: principal, attrs, parents: (caller.groups ?? []).map((id) => ({ type: 'Group', id })) },
      { uid: action, attrs: {}, parents: (described?.groups ?? []).map((id) => ({ type: 'Action', id })) },
      { uid: record, attrs: { team }, parents: [] },
    ],
    preparsedPolicySetId: 'plain',
    validateRequest: false,
  })
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
}

const texts = Object.fromEntries([...engine.policies].map(([name, { text }]) => [name, text]))
cedar.preparsePolicySet('plain', { staticPolicies: texts })
const single = calls.filter((call) => call.resource !== undefined)

measure('Cedar alone, whole set prepared', single, (call) => askPlainly(call, `team ${serial++}`))
measure('asked before (what policies see is equal)', calls, (call) => engine.decide(call))
measure('never asked before (Cedar is asked)', single, (call) => {
  const team = `team ${serial++}`
  return engine.decide({ ...call, caller: { ...call.caller, department: team }, resource: { ...resource, team } })
})
measure(
  'row filter',
  callers.map((caller) => ({ caller, tool: 'list_customers' })),
  ({ caller }) => engine.rowFilter({ caller, action: 'list_customers', resourceType: 'Customer' }),
)

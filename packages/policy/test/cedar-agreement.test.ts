import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { buildSchema, companyModel, loadPolicies, type PolicyCaller } from '../src/index.ts'

/** The whole set, everything that is known of the call, and nothing remembered. */
function decidePlainly(
  engine: ReturnType<typeof loadPolicies>,
  caller: PolicyCaller,
  tool: string,
  resource: Resource,
  at: number,
) {
  const described = engine.schema.model.tools[tool]
  const action = { type: 'Action', id: tool }
  const type = { person: 'Person', service: 'Service', agent: 'Agent' }[caller.kind]
  const principal = { type, id: `${caller.issuer} ${caller.subject}` }
  const { type: resourceType, id, ...attrs } = resource
  const hierarchy = engine.schema.model.scopeHierarchy
  const scopes = new Set((caller.scopes ?? []).flatMap((scope) => [scope, ...(hierarchy[scope] ?? [])]))
  const answer = cedar.statefulIsAuthorized({
    principal,
    action,
    resource: { type: resourceType, id },
    context: {
      businessHours: engine.hours.at(caller, at).open,
      scopes: [...scopes],
      arguments: {},
      approved: false,
      breakGlass: false,
    },
    preparsedPolicySetId: 'whole',
    entities: [
      {
        uid: principal,
        attrs: {
          issuer: caller.issuer,
          clientId: caller.clientId,
          kind: caller.kind,
          hasGroups: (caller.groups ?? []).length > 0,
          roles: [],
          ...(caller.department && { team: caller.department }),
        },
        parents: (caller.groups ?? []).map((group) => ({ type: 'Group', id: group })),
      },
      { uid: action, attrs: {}, parents: (described?.groups ?? []).map((group) => ({ type: 'Action', id: group })) },
      { uid: { type: resourceType, id }, attrs, parents: [] },
    ],
  })
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
  return { decision: answer.response.decision, policies: answer.response.diagnostics.reason.toSorted() }
}

interface Resource {
  [attribute: string]: string | boolean
  type: string
  id: string
}

const model = buildSchema(companyModel).model
const text = fc.constantFrom('Sales West', 'Sales East', 'financial', 'internal', 'personal', '')
const caller = fc.record({
  kind: fc.constantFrom('person', 'service', 'agent'),
  issuer: fc.constantFrom('https://a.example', 'https://b.example'),
  subject: fc.constantFrom('x', 'nightly-report'),
  clientId: fc.constantFrom('mcp-cli', 'nightly-report'),
  department: text,
  groups: fc.subarray([
    'All Staff',
    'Customer Readers',
    'Customer Admins',
    'Account Managers',
    'Administrators',
    'Operations',
    'Data Analysts',
    'Directory Administrators',
    'Unknown',
  ]),
  zoneinfo: fc.constantFrom('Europe/Berlin', 'America/New_York', undefined),
  scopes: fc.subarray(['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance']),
}) as fc.Arbitrary<PolicyCaller>
const tool = fc.constantFrom(...Object.keys(model.tools))
const instant = fc.constantFrom(
  ...['2026-11-23T15:00:00Z', '2026-11-23T21:00:00Z'].map((time) => Date.parse(time) / 1000),
)

function resourceOf(name: string, values: string[], strategic: boolean): Resource {
  const type = model.tools[name]?.resourceType ?? ''
  const resource: Resource = { type, id: 'one' }
  const attributes = Object.entries(model.resourceTypes[type]?.attributes ?? {})
  attributes.forEach(([attribute, { type: valueType, always }], index) => {
    const value = always ?? (valueType === 'boolean' ? strategic : (values[index] ?? ''))
    resource[attribute] = typeof value === 'number' ? String(value) : value
  })
  return resource
}

it('decides like Cedar with the whole set, all facts and no memory', () => {
  const engine = loadPolicies()
  const texts = Object.fromEntries([...engine.policies].map(([name, { text }]) => [name, text]))
  expect(cedar.preparsePolicySet('whole', { staticPolicies: texts })).toEqual({ type: 'success' })
  let allowed = 0
  fc.assert(
    fc.property(
      caller,
      tool,
      fc.array(text, { minLength: 3, maxLength: 3 }),
      fc.boolean(),
      instant,
      (someone, name, values, strategic, at) => {
        const resource = resourceOf(name, values, strategic)
        const plain = decidePlainly(engine, someone, name, resource, at)
        // With enough scopes for every tool only the policies differ; theirs are compared by what they see of the scopes.
        const { scopes, ...unscoped } = someone
        const ours = engine.decide({
          caller: { ...unscoped, scopes: scopes ?? [] },
          tool: name,
          resource,
          context: { at },
        })
        if (ours.outcome === 'denied' && ours.reason === 'missing_scope') return
        expect(ours.outcome).toBe(plain.decision === 'allow' ? 'allowed' : 'denied')
        if (plain.policies.length > 0) expect(ours.policies.toSorted()).toEqual(plain.policies)
        if (ours.outcome === 'allowed') allowed += 1
      },
    ),
    { numRuns: 1000, seed: 20261123 },
  )
  expect(allowed).toBeGreaterThan(200)
}, 60_000)

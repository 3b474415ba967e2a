import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { buildSchema, companyModel, loadPolicies, type PolicyCaller, readPeople } from '../src/index.ts'
import { policyFolder } from './policy-folder.ts'

const people = [...readPeople(new URL('../scenarios/people.json', import.meta.url)).values()]
const teams = [
  'Sales West',
  'Sales East',
  'sales west',
  'Engineering',
  'Finance Analytics',
  "O'Brien",
  '%',
  'ünïcode',
  '',
]
const classifications = ['financial', 'internal', 'Financial', 'personal']
const groups = [
  'Customer Readers',
  'Customer Admins',
  'Account Managers',
  'Administrators',
  'Operations',
  'Data Analysts',
]
const instants = ['2026-11-23T15:00:00Z', '2026-11-23T23:00:00Z', '2026-12-25T12:00:00Z'].map(
  (text) => Date.parse(text) / 1000,
)

const caller = fc.oneof(
  fc.constantFrom(...people),
  fc.record({
    kind: fc.constantFrom('person', 'service', 'agent'),
    issuer: fc.constant('https://sso.company.com/realms/company'),
    subject: fc.constantFrom('x', 'y'),
    clientId: fc.constantFrom('mcp-cli', 'nightly-report'),
    department: fc.option(fc.constantFrom(...teams), { nil: undefined }),
    groups: fc.subarray(groups),
    zoneinfo: fc.constantFrom('Europe/Berlin', 'America/New_York', undefined),
    country: fc.constantFrom('DE', 'US', undefined),
    scopes: fc.subarray(['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance']),
  }),
) as fc.Arbitrary<PolicyCaller>

const record = fc.record({
  team: fc.option(fc.constantFrom(...teams), { nil: null }),
  classification: fc.option(fc.constantFrom(...classifications), { nil: null }),
  strategic: fc.option(fc.boolean(), { nil: null }),
  revenue: fc.option(fc.integer({ min: -5, max: 5 }), { nil: null }),
})
type Row = typeof record extends fc.Arbitrary<infer T> ? T : never

const database = new Database(':memory:')
database.exec('CREATE TABLE rows (id TEXT, team TEXT, classification TEXT, strategic INTEGER, revenue INTEGER)')
afterAll(() => database.close())

function selected(rows: Row[], filter: ReturnType<ReturnType<typeof loadPolicies>['rowFilter']>): string[] {
  if (filter === 'none') return []
  database.exec('DELETE FROM rows')
  const insert = database.prepare('INSERT INTO rows VALUES (?, ?, ?, ?, ?)')
  rows.forEach(({ team, classification, strategic, revenue }, index) => {
    insert.run(String(index), team, classification, strategic === null ? null : Number(strategic), revenue)
  })
  const [where, parameters] = filter === 'all' ? ['1', []] : [filter.sql, filter.parameters]
  const found = database
    .prepare(`SELECT id FROM rows WHERE ${where} ORDER BY rowid`)
    .pluck()
    .all(...parameters)
  return found as string[]
}

function agree(engine: ReturnType<typeof loadPolicies>, tools: [tool: string, type: string][]): void {
  const call = fc.record({
    caller,
    tool: fc.constantFrom(...tools),
    at: fc.constantFrom(...instants),
    approved: fc.boolean(),
  })
  fc.assert(
    fc.property(
      call,
      fc.array(record, { maxLength: 30 }),
      ({ caller: given, tool: [tool, type], at, approved }, rows) => {
        // Scopes are another layer: the policies alone are compared.
        const { scopes: _scopes, ...someone } = given
        const context = { at, approved }
        const filter = engine.rowFilter({ caller: someone, action: tool, resourceType: type, context })
        const oneByOne = rows.flatMap((row, index) => {
          const resource = { type, id: String(index), ...row }
          return engine.decide({ caller: someone, tool, resource, context }).outcome === 'allowed'
            ? [String(index)]
            : []
        })
        expect(selected(rows, filter)).toEqual(oneByOne)
      },
    ),
    { numRuns: 200, seed: 20261123 },
  )
}

it('selects exactly the records that are allowed one by one', () => {
  agree(loadPolicies(), [
    ['list_customers', 'Customer'],
    ['update_customer', 'Customer'],
    ['delete_customer', 'Customer'],
    ['list_invoices', 'Invoice'],
    ['run_report', 'Report'],
  ])
}, 60_000)

it('agrees for every operator that a filter can hold', () => {
  const directory = policyFolder({
    'in-a-set': `permit (principal, action, resource is Customer) when { ["Sales West", "O'Brien"].contains(resource.team) };`,
    numbers: 'permit (principal, action, resource is Customer) when { resource.revenue > 2 && resource.revenue <= 4 };',
    patterns:
      'permit (principal in Group::"Operations", action, resource is Customer) when { resource.team like "Sales*st" || resource.team like "\\*" };',
    choices:
      'permit (principal in Group::"Data Analysts", action, resource is Customer) when { if resource has strategic && resource.strategic then resource.team != "%" else resource.revenue == 0 };',
    denials:
      'forbid (principal, action, resource is Customer) when { (resource has classification && resource.classification == "financial") || !(resource.revenue >= -3) };',
    own: 'permit (principal, action, resource is Customer) when { principal has team && !(resource.team != principal.team) };',
  })
  const model = {
    ...companyModel,
    resourceTypes: {
      ...companyModel.resourceTypes,
      Customer: {
        attributes: {
          team: { type: 'string' },
          classification: { type: 'string', optional: true },
          strategic: { type: 'boolean', optional: true },
          revenue: { type: 'long' },
        },
      },
    },
  } as const
  agree(loadPolicies({ directory, schema: buildSchema(model) }), [
    ['list_customers', 'Customer'],
    ['update_customer', 'Customer'],
  ])
}, 60_000)

it('refuses a filter with a number that would be rounded, and decides the single record exactly', () => {
  const directory = policyFolder({
    large: 'permit (principal, action, resource is Customer) when { resource.revenue < 9007199254740993 };',
  })
  const resourceTypes = {
    ...companyModel.resourceTypes,
    Customer: { attributes: { revenue: { type: 'long' } } },
  } as const
  const engine = loadPolicies({ directory, schema: buildSchema({ ...companyModel, resourceTypes }) })
  const [someone] = people
  if (someone === undefined) throw new Error('no people')
  const { scopes: _scopes, ...caller } = someone
  const request = { caller, action: 'list_customers', resourceType: 'Customer' }
  expect(() => engine.rowFilter(request)).toThrow('policy large cannot become a row filter')
  const resource = { type: 'Customer', id: 'one', revenue: Number.MAX_SAFE_INTEGER }
  expect(engine.decide({ caller, tool: 'get_customer', resource }).outcome).toBe('allowed')
})

it('refuses a filter that SQL could not apply exactly, and names the policy', () => {
  const directory = policyFolder({
    sums: 'permit (principal, action, resource is Customer) when { resource.revenue + 1 > 2 };',
  })
  const resourceTypes = {
    ...companyModel.resourceTypes,
    Customer: { attributes: { revenue: { type: 'long' } } },
  } as const
  const engine = loadPolicies({ directory, schema: buildSchema({ ...companyModel, resourceTypes }) })
  const [someone] = people
  if (someone === undefined) throw new Error('no people')
  const request = { caller: someone, action: 'list_customers', resourceType: 'Customer' }
  expect(() => engine.rowFilter(request)).toThrow('policy sums cannot become a row filter')
  expect(engine.decide({ caller: someone, tool: 'list_customers' })).toMatchObject({
    outcome: 'denied',
    reason: 'policy_error',
  })
})

it('writes numbered parameters and other columns for PostgreSQL', () => {
  const bob = people.find(({ subject }) => subject === 'bob')
  if (bob === undefined) throw new Error('bob is missing')
  const columns = { team: 'customers.owner_team' }
  const request = {
    caller: bob,
    action: 'list_customers',
    resourceType: 'Customer',
    columns,
    dialect: 'postgres',
    firstParameter: 3,
  } as const
  const sql = '(customers.owner_team = $3) AND (customers.owner_team IS NOT NULL)'
  expect(loadPolicies().rowFilter(request)).toEqual({ sql, parameters: ['Sales West'] })
})

it('takes no column that is more than a name', () => {
  const bob = people.find(({ subject }) => subject === 'bob')
  if (bob === undefined) throw new Error('bob is missing')
  const columns = { team: 'team) OR (1=1' }
  const request = { caller: bob, action: 'list_customers', resourceType: 'Customer', columns }
  expect(() => loadPolicies().rowFilter(request)).toThrow(TypeError)
})

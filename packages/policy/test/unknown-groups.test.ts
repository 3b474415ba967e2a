import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadPolicies, type PolicyCaller } from '../src/index.ts'
import { policyFolder } from './policy-folder.ts'

const issuer = 'https://sso.company.com/realms/company'
const scopes = ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance']
const somebody = { kind: 'person', issuer, subject: 's', clientId: 'mcp-cli', department: 'Sales', scopes } as const
const none: PolicyCaller = { ...somebody, groups: [] }
const unknown: PolicyCaller = { ...somebody }
const invoice = { type: 'Invoice', id: 'i', team: 'Sales' }
const customer = { type: 'Customer', id: 'c', team: 'Sales' }
const engine = loadPolicies()

describe('groups that are unknown', () => {
  it('are not groups that somebody is not in: what is forbidden to some group is forbidden', () => {
    expect(engine.decide({ caller: none, tool: 'list_invoices', resource: invoice }).outcome).toBe('allowed')
    expect(engine.decide({ caller: unknown, tool: 'list_invoices', resource: invoice })).toMatchObject({
      outcome: 'denied',
      policies: ['operations-without-financial-records'],
      explanation: 'Your access token does not say which groups you are in, and members of some may not do this.',
    })
    expect(engine.rowFilter({ caller: none, action: 'list_invoices', resourceType: 'Invoice' })).toBe('all')
    expect(engine.rowFilter({ caller: unknown, action: 'list_invoices', resourceType: 'Invoice' })).toBe('none')
  })

  it.each([null, undefined])('are those that are %s', (groups) => {
    expect(engine.decide({ caller: { ...somebody, groups }, tool: 'list_invoices' }).outcome).toBe('denied')
  })

  it('leave what the granted scopes decide and no group is forbidden', () => {
    expect(engine.decide({ caller: unknown, tool: 'get_customer', resource: customer }).outcome).toBe('allowed')
  })

  it('mask the fields that some group may not see', () => {
    const request = { resourceType: 'Customer', row: { id: 'c', annualRevenue: 1 } }
    expect(engine.maskFields({ ...request, caller: none }).masked).toEqual([])
    expect(engine.maskFields({ ...request, caller: unknown }).masked).toEqual(['annualRevenue'])
  })

  it('satisfy no permit that asks for a group in its conditions, and every forbid that does', () => {
    const directory = policyFolder({
      'all-read': 'permit (principal, action == Action::"get_customer", resource);',
      'interns-stay-out':
        'forbid (principal, action == Action::"get_customer", resource is Customer) when { principal in Group::"Interns" && resource.team == "Sales" };',
      'not-for-interns':
        'permit (principal, action == Action::"whoami", resource) unless { principal in Group::"Interns" };',
    })
    const other = loadPolicies({ directory })
    const call = { tool: 'get_customer', resource: { ...customer, team: 'Other' } }
    expect(other.decide({ ...call, caller: none }).outcome).toBe('allowed')
    expect(other.decide({ ...call, caller: unknown }).outcome).toBe('denied')
    expect(other.decide({ tool: 'whoami', caller: none }).outcome).toBe('allowed')
    expect(other.decide({ tool: 'whoami', caller: unknown }).outcome).toBe('denied')
  })

  it('never allow what being in no group would not, nor what being in any group would forbid', () => {
    const groups = ['Administrators', 'Customer Admins', 'Customer Readers', 'Account Managers', 'Operations']
    const call = fc.record({
      caller: fc.record({
        kind: fc.constantFrom('person', 'service', 'agent'),
        department: fc.constantFrom('Sales', 'IT', undefined),
        scopes: fc.subarray(scopes),
      }),
      tool: fc.constantFrom(
        ...(['get_customer', 'update_customer', 'delete_customer', 'run_report', 'list_invoices'] as const),
      ),
      team: fc.constantFrom('Sales', 'IT'),
      classification: fc.constantFrom('internal', 'financial'),
      strategic: fc.boolean(),
      membership: fc.subarray(groups),
    })
    const types = { run_report: 'Report', list_invoices: 'Invoice' } as Record<string, string>
    fc.assert(
      fc.property(call, ({ caller, tool, membership, ...attributes }) => {
        const resource = { type: types[tool] ?? 'Customer', id: 'r', name: 'r', ...attributes }
        const as = (given: string[] | undefined) =>
          engine.decide({ tool, resource, caller: { ...somebody, ...caller, groups: given } as PolicyCaller })
        if (as(undefined).outcome === 'denied') return
        expect(as([]).outcome).toBe('allowed')
        const forbids = as(membership).policies.filter((name) => engine.policies.get(name)?.effect === 'forbid')
        expect(forbids).toEqual([])
      }),
      { numRuns: 500, seed: 20261128 },
    )
  })
})

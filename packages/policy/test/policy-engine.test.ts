import { describe, expect, it } from 'vitest'
import { loadPolicies } from '../src/index.ts'
import { people } from './people.ts'

const mondayNoon = Date.parse('2026-11-23T12:00:00Z') / 1000
const engine = loadPolicies({ clock: () => mondayNoon })
const customer = { type: 'Customer', id: 'cust_789', team: 'Sales West' }
const berlin = (local: string) => ({ at: Date.parse(local) / 1000 })

describe('a decision', () => {
  it('names the policy that allowed the call', () => {
    const decision = engine.decide({ caller: people.anna, tool: 'get_customer', resource: customer })
    expect(decision).toMatchObject({ outcome: 'allowed', policies: ['customer-readers-read'] })
  })

  it('says which groups it takes when no policy speaks of the caller', () => {
    const decision = engine.decide({ caller: people.anna, tool: 'update_customer', resource: customer })
    expect(decision).toMatchObject({
      outcome: 'denied',
      reason: 'policy',
      policies: [],
      explanation:
        'Membership of Customer Readers does not grant update_customer. ' +
        'It takes membership of Account Managers, Administrators, or Customer Admins.',
    })
  })

  it('names the policy whose condition was missing, in a sentence', () => {
    const resource = { ...customer, team: 'Sales East' }
    expect(engine.decide({ caller: people.bob, tool: 'update_customer', resource })).toMatchObject({
      outcome: 'denied',
      policies: ['account-managers-change-their-own-team'],
      explanation: 'Account Managers may change customers of their own team only.',
    })
  })

  it('says when to come back if only the hour was wrong', () => {
    const context = berlin('2026-12-24T22:00:00+01:00')
    const decision = engine.decide({ caller: people.carol, tool: 'delete_customer', resource: customer, context })
    expect(decision).toMatchObject({
      outcome: 'denied',
      policies: ['administrators-only-in-business-hours'],
      retryAfter: '2026-12-28T09:00:00+01:00',
    })
  })

  it('denies a tool that does not exist, whatever its spelling resembles', () => {
    for (const tool of ['Whoami', 'whoami ', 'ｗhoami', '__proto__', 'constructor', 'read customers', '']) {
      expect(engine.decide({ caller: people.alice, tool })).toMatchObject({ outcome: 'denied', reason: 'unknown_tool' })
    }
  })

  it('denies when a record lacks what a policy asks for', () => {
    const resource = { type: 'Customer', id: 'cust_789' }
    const decision = engine.decide({ caller: people.bob, tool: 'get_customer', resource })
    expect(decision).toMatchObject({ outcome: 'denied', reason: 'policy_error' })
  })
})

describe('a row filter', () => {
  const filter = (caller: keyof typeof people, action: string, resourceType: string) =>
    engine.rowFilter({ caller: people[caller], action, resourceType })

  it("is a condition with parameters for one's own team", () => {
    const own = { sql: '(team = ?) AND (team IS NOT NULL)', parameters: ['Sales West'] }
    expect(filter('bob', 'list_customers', 'Customer')).toEqual(own)
  })

  it('is all or none where the record does not matter', () => {
    expect(filter('anna', 'list_customers', 'Customer')).toBe('all')
    expect(filter('dave', 'list_customers', 'Customer')).toBe('all')
    expect(filter('dave', 'list_invoices', 'Invoice')).toBe('none')
    expect(filter('anna', 'list_invoices', 'Invoice')).toBe('none')
    expect(filter('carol', 'list_invoices', 'Invoice')).toBe('all')
  })
})

import { describe, expect, it } from 'vitest'
import { companyModel, loadPolicies, type PolicyCaller, type PolicyContext } from '../src/index.ts'
import { people } from './people.ts'
import { policyFolder, writePolicy } from './policy-folder.ts'

const mondayNoon = Date.parse('2026-11-23T12:00:00Z') / 1000
const customer = { type: 'Customer', id: 'cust_789', team: 'Sales West', strategic: true }

describe('what is worked out once about a frozen caller', () => {
  it.each(Object.entries<PolicyCaller>(people))('decides as for one who is described anew: %s', (_name, person) => {
    const engine = loadPolicies({ clock: () => mondayNoon })
    const frozen = Object.freeze({ ...person, scopes: ['read:customers', 'admin:reports'] })
    for (const [tool, { resourceType }] of Object.entries(companyModel.tools)) {
      const resource = resourceType === 'Customer' ? { resource: customer } : {}
      const anew = engine.decide({ caller: { ...frozen }, tool, ...resource })
      expect(engine.decide({ caller: frozen, tool, ...resource })).toEqual(anew)
      expect(engine.decide({ caller: frozen, tool, ...resource })).toEqual(anew)
    }
  })

  it('does not outlive the policies', () => {
    const directory = policyFolder({
      readers:
        'permit (principal in Group::"Customer Readers", action == Action::"get_customer", resource is Customer);',
    })
    const engine = loadPolicies({ directory })
    const call = { caller: Object.freeze({ ...people.anna }), tool: 'get_customer', resource: customer }
    expect(engine.decide(call).outcome).toBe('allowed')
    writePolicy(directory, 'nobody', 'forbid (principal, action, resource);')
    engine.reload()
    expect(engine.decide(call)).toMatchObject({ outcome: 'denied', policies: ['nobody'], version: engine.version })
  })

  it('says nothing of the hour, of an emergency or of a second person', () => {
    const engine = loadPolicies({ clock: () => mondayNoon })
    const caller = Object.freeze({ ...people.carol })
    const decide = (context: PolicyContext) =>
      engine.decide({ caller, tool: 'delete_customer', resource: customer, context }).outcome
    const night = { at: Date.parse('2026-11-23T23:00:00+01:00') / 1000, approved: true }
    expect(decide({ approved: true })).toBe('allowed')
    expect(decide({})).toBe('denied')
    expect(decide(night)).toBe('denied')
    expect(decide({ ...night, breakGlass: true })).toBe('allowed')
    expect(decide({ approved: true })).toBe('allowed')
  })

  it('is not kept about one who may still change', () => {
    const engine = loadPolicies({ clock: () => mondayNoon })
    const caller = { ...people.anna, groups: ['All Staff', 'Customer Readers'] }
    const decide = () => engine.decide({ caller, tool: 'get_customer', resource: customer }).outcome
    expect(decide()).toBe('allowed')
    caller.groups = ['All Staff']
    expect(decide()).toBe('denied')
  })
})

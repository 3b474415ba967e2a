import { describe, expect, it } from 'vitest'
import { accessMatrix, findGroupDrift, loadPolicies, readPeople } from '../src/index.ts'

const engine = loadPolicies()
const people = readPeople(new URL('../scenarios/people.json', import.meta.url))
const monday = Date.parse('2026-11-23T15:00:00Z') / 1000

describe('the access matrix', () => {
  const { reach, reachedByEverybody, reachedByNobody } = accessMatrix(engine, people, monday)
  const of = (who: string, tool: string) => reach.find((each) => each.who === who && each.tool === tool)

  it('says who reaches which records, under which conditions, and by which policy', () => {
    expect(of('alice', 'update_customer')).toMatchObject({
      access: 'always',
      policies: ['customer-admins-manage-customers'],
    })
    expect(of('alice', 'delete_customer')).toMatchObject({
      access: 'sometimes',
      policies: ['customer-admins-manage-customers'],
      because: expect.stringContaining('A strategic customer is deleted by two people'),
    })
    expect(of('bob', 'update_customer')).toMatchObject({
      access: 'sometimes',
      rows: { parameters: ['Sales West'] },
      because: 'Account Managers may change customers of their own team only.',
    })
    expect(of('carol', 'list_invoices')).toMatchObject({
      access: 'sometimes',
      rows: 'all',
      because: expect.stringContaining('business hours'),
    })
    expect(of('dave', 'list_invoices')).toMatchObject({
      access: 'never',
      policies: [],
      because: 'The access token lacks read:finance.',
    })
  })

  it('is the same on a Sunday: hours are looked for, not taken from the clock', () => {
    expect(accessMatrix(engine, people, monday - 86_400).reach).toEqual(reach)
  })

  it('names what everybody and what nobody reaches', () => {
    expect(reachedByEverybody).toEqual(['whoami'])
    expect(reachedByNobody).toEqual([])
    const withoutCarol = new Map(
      [...people].filter(([name]) => name !== 'carol' && name !== 'other-service' && name !== 'guest-accountant'),
    )
    expect(accessMatrix(engine, withoutCarol, monday).reachedByNobody).toEqual(['list_invoices'])
  })
})

describe('group drift', () => {
  const realm = {
    'Customer Admins': ['read:customers', 'write:own-data', 'write:customers'],
    'Customer Readers': ['read:customers'],
    'Account Managers': ['read:customers', 'write:own-data'],
    Administrators: ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance'],
    Operations: ['read:customers', 'admin:reports'],
    'Data Analysts': ['read:customers', 'admin:reports'],
    'Directory Administrators': ['admin:reports'],
  }
  const sources = { directory: [...Object.keys(realm), 'All Staff'], realm, grantingNothing: ['All Staff'] }

  it('is not there in the demonstration', () => {
    expect(findGroupDrift(engine, sources)).toEqual([])
  })

  it('is a group of the directory that grants nothing', () => {
    const directory = [...sources.directory, 'Customer Readers (old)']
    expect(findGroupDrift(engine, { ...sources, directory })).toEqual([
      { group: 'Customer Readers (old)', problem: 'in the directory, but it grants nothing' },
    ])
  })

  it('is a group that policy and realm wait for, but that anyone could create', () => {
    const directory = sources.directory.filter((group) => group !== 'Administrators')
    expect(findGroupDrift(engine, { ...sources, directory }).map(({ group, problem }) => [group, problem])).toEqual([
      ['Administrators', 'named by a policy, but not in the directory'],
      ['Administrators', 'mapped by the realm, but not in the directory'],
    ])
  })

  it('is a mapping without a policy, or a policy without a mapping', () => {
    const { Operations, ...others } = realm
    const changed = { ...sources, directory: [...sources.directory, 'Ops'], realm: { ...others, Ops: Operations } }
    expect(findGroupDrift(engine, changed).map(({ group, problem }) => [group, problem])).toEqual([
      ['Operations', 'named by a policy, but the realm gives it no role'],
      ['Ops', 'given roles by the realm, but no policy names it'],
    ])
  })

  it('is a policy for a tool whose scope the group can never have', () => {
    const changed = { ...sources, realm: { ...realm, 'Account Managers': ['read:customers'] } }
    expect(findGroupDrift(engine, changed)).toMatchObject([
      {
        group: 'Account Managers',
        detail: 'account-managers-change-their-own-team: update_customer takes write:own-data',
      },
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { resolveMemberships } from '../src/memberships.ts'

const group = (id: string, ...members: string[]) => ({
  id,
  dn: `cn=${id}`,
  members: members.map((name) => `cn=${name}`),
})

describe('somebody is in a group', () => {
  it('directly, and through groups inside it', () => {
    const groupsOf = resolveMemberships([
      group('staff', 'analysts'),
      group('analysts', 'juniors'),
      group('juniors', 'erin'),
    ])
    expect(groupsOf('cn=erin')).toEqual(['cn=analysts', 'cn=juniors', 'cn=staff'])
  })

  it('once, by however many ways', () => {
    const groupsOf = resolveMemberships([group('a', 'b', 'c'), group('b', 'erin'), group('c', 'erin')])
    expect(groupsOf('cn=erin')).toEqual(['cn=a', 'cn=b', 'cn=c'])
  })

  it('also where groups contain each other', () => {
    const groupsOf = resolveMemberships([group('a', 'b'), group('b', 'a', 'erin')])
    expect(groupsOf('cn=erin')).toEqual(['cn=a', 'cn=b'])
  })

  it('not because another is', () => {
    expect(resolveMemberships([group('a', 'erin')])('cn=anna')).toEqual([])
  })
})

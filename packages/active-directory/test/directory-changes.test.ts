import { describe, expect, it } from 'vitest'
import { findChange, type KnownPerson } from '../src/directory-changes.ts'

const erin: KnownPerson = { username: 'erin', state: 'active', passwordSetAt: '1', lockedAt: '0', groups: ['a'] }
const change = (now: Partial<KnownPerson> | undefined, before: KnownPerson | undefined = erin) =>
  findChange('id', before, now && { ...erin, ...now })

describe('access ends', () => {
  it.each(['disabled', 'locked', 'account_expired', 'password_expired', 'no_member_of_staff'] as const)(
    '%s',
    (state) => {
      expect(change({ state })).toEqual({ kind: 'access_ended', id: 'id', username: 'erin', cause: state })
    },
  )

  it('with another password', () => {
    expect(change({ passwordSetAt: '2' })).toMatchObject({ kind: 'access_ended', cause: 'credential_changed' })
  })

  it('when she is removed', () => {
    expect(change(undefined)).toMatchObject({ kind: 'access_ended', username: 'erin', cause: 'removed' })
  })

  it('again when she is locked again', () => {
    const locked = { ...erin, state: 'locked', lockedAt: '5' } as const
    expect(change({ ...locked, lockedAt: '6' }, locked)).toMatchObject({ kind: 'access_ended', cause: 'locked' })
    expect(change(locked, locked)).toBeUndefined()
  })

  it('of somebody disabled who was never seen before', () => {
    expect(findChange('id', undefined, { ...erin, state: 'disabled' })).toMatchObject({ cause: 'disabled' })
  })
})

describe('permissions change', () => {
  it('with her groups', () => {
    expect(change({ groups: ['a', 'b'] })).toMatchObject({ kind: 'permissions_changed', cause: 'groups_changed' })
    expect(change({ groups: [] })).toMatchObject({ kind: 'permissions_changed' })
  })
})

describe('nothing is told', () => {
  it('of who is as before', () => {
    expect(change({})).toBeUndefined()
  })

  it('of who is enabled again: signing in is up to her', () => {
    expect(change({ state: 'active' }, { ...erin, state: 'disabled' })).toBeUndefined()
  })

  it('of somebody new who may come in', () => {
    expect(findChange('id', undefined, erin)).toBeUndefined()
  })
})

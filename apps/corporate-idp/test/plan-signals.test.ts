import { providers } from '@mcp-identity/provider-dialects'
import { describe, expect, it } from 'vitest'
import { kindsToldBy, planSignals } from '../src/signals/plan-signals.ts'
import type { Signal, SignalKind } from '../src/signals/signal.ts'

function pending(...kinds: SignalKind[]): Signal[] {
  return kinds.map((kind, index) => ({
    id: index + 1,
    username: 'alice',
    kind,
    state: 'pending',
    after: [],
    attempts: 0,
    createdAtMs: 0,
    nextAttemptAtMs: 0,
  }))
}

describe('a disable', () => {
  it('sends SCIM and the logout token side by side, and the logout that sets not-before after both', () => {
    expect(planSignals('disable', [])).toEqual({
      supersede: [],
      reuse: [],
      add: [
        { kind: 'scim_inactive', after: [], afterAdded: [] },
        { kind: 'backchannel_logout', after: [], afterAdded: [] },
        { kind: 'admin_logout', after: [], afterAdded: [0, 1] },
        { kind: 'resource_server_logout', after: [], afterAdded: [] },
      ],
    })
  })

  it('drops an enable that was not sent', () => {
    expect(planSignals('disable', pending('scim_active')).supersede).toEqual([1])
  })

  it('adds nothing while the same disable is being sent', () => {
    expect(planSignals('disable', pending('scim_inactive', 'admin_logout'))).toEqual({
      supersede: [],
      reuse: [1, 2],
      add: [],
    })
  })

  it('drops the enable that waited for it, and goes on', () => {
    expect(planSignals('disable', pending('admin_logout', 'scim_active'))).toEqual({
      supersede: [2],
      reuse: [1],
      add: [],
    })
  })

  it('switches off whoever is still being signed out for a new password', () => {
    const { supersede, reuse, add } = planSignals('disable', pending('backchannel_logout', 'admin_logout'))
    expect([supersede, reuse]).toEqual([[], []])
    expect(add.map(({ kind }) => kind)).toContain('scim_inactive')
  })

  it('replaces what resource servers have yet to hear of an earlier change, since that is dated before it', () => {
    const { supersede, add } = planSignals('disable', pending('resource_server_logout'))
    expect(supersede).toEqual([1])
    expect(add.map(({ kind }) => kind)).toContain('resource_server_logout')
  })

  it('leaves a change of groups alone', () => {
    const plan = planSignals('disable', pending('scim_groups'))
    expect(plan.supersede).toEqual([])
    expect(plan.add).toHaveLength(4)
  })
})

describe('an enable', () => {
  it('drops a logout that resource servers have not heard of, and does not wait for it', () => {
    expect(planSignals('enable', pending('resource_server_logout'))).toEqual({
      supersede: [1],
      reuse: [],
      add: [{ kind: 'scim_active', after: [], afterAdded: [] }],
    })
  })

  it('is sent at once when nothing is pending', () => {
    expect(planSignals('enable', []).add).toEqual([{ kind: 'scim_active', after: [], afterAdded: [] }])
  })

  it('waits for every signal of an unfinished disable', () => {
    expect(planSignals('enable', pending('scim_inactive', 'scim_groups', 'admin_logout')).add).toEqual([
      { kind: 'scim_active', after: [1, 3], afterAdded: [] },
    ])
  })

  it('is not sent twice', () => {
    expect(planSignals('enable', pending('scim_active'))).toEqual({ supersede: [], reuse: [1], add: [] })
  })
})

describe('a new password', () => {
  it('signs the person out everywhere, and leaves her active', () => {
    expect(planSignals('password', pending('scim_groups'))).toEqual({
      supersede: [],
      reuse: [],
      add: [
        { kind: 'backchannel_logout', after: [], afterAdded: [] },
        { kind: 'admin_logout', after: [], afterAdded: [0] },
        { kind: 'resource_server_logout', after: [], afterAdded: [] },
      ],
    })
  })
})

describe('a change of groups', () => {
  it('replaces one that is pending, because memberships are sent as they are then', () => {
    expect(planSignals('groups', pending('scim_groups', 'scim_inactive'))).toEqual({
      supersede: [1],
      reuse: [],
      add: [{ kind: 'scim_groups', after: [], afterAdded: [] }],
    })
  })
})

describe('somebody new', () => {
  it('has an account before she is put into groups', () => {
    expect(planSignals('create', []).add).toEqual([
      { kind: 'scim_person', after: [], afterAdded: [] },
      { kind: 'scim_groups', after: [], afterAdded: [0] },
    ])
  })

  it('is in no group before her account is there, whenever the group came', () => {
    expect(planSignals('groups', pending('scim_person')).add).toEqual([
      { kind: 'scim_groups', after: [1], afterAdded: [] },
    ])
  })
})

describe('somebody who is taken out', () => {
  it('is disabled and signed out everywhere before her account is deleted', () => {
    const { add } = planSignals('delete', [])
    expect(add.map(({ kind }) => kind)).toEqual([
      'scim_inactive',
      'backchannel_logout',
      'admin_logout',
      'resource_server_logout',
      'scim_delete',
    ])
    expect(add.at(-1)).toEqual({ kind: 'scim_delete', after: [], afterAdded: [0, 1, 2, 3] })
  })

  it('is neither made nor moved any more', () => {
    expect(planSignals('delete', pending('scim_person', 'scim_groups', 'scim_active')).supersede).toEqual([3, 1, 2])
  })

  it('waits for the disable that is being sent', () => {
    expect(planSignals('delete', pending('scim_inactive')).add).toEqual([
      { kind: 'scim_delete', after: [1], afterAdded: [] },
    ])
  })
})

describe('what a provider tells by itself', () => {
  it.each([
    ['generic', ['scim_inactive', 'backchannel_logout', 'admin_logout', 'resource_server_logout']],
    ['okta', ['scim_inactive']],
    ['auth0', ['backchannel_logout']],
    ['entra', []],
    ['google', []],
    ['cognito', []],
    ['adfs', []],
  ] as const)('%s, when somebody is disabled: %s', (name, kinds) => {
    const { add } = planSignals('disable', [], kindsToldBy(providers[name]))
    expect(add.map(({ kind }) => kind)).toEqual(kinds)
  })

  it('keeps the order among what is left', () => {
    const { add } = planSignals('disable', [], new Set(['scim_inactive', 'admin_logout']))
    expect(add).toEqual([
      { kind: 'scim_inactive', after: [], afterAdded: [] },
      { kind: 'admin_logout', after: [], afterAdded: [0] },
    ])
  })
})

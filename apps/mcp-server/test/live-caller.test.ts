import { createCutOffState } from '@mcp-identity/shared-signals'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Introspector } from '../src/introspection.ts'
import { createLiveCallers } from '../src/live-caller.ts'

const issuer = 'https://sso.company.com/realms/company'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Somebody whose token is older than a change of her permissions, at an authorization server that says what is put in. */
function inDoubt() {
  let roles = ['read:customers', 'write:customers']
  let asked = 0
  /** What happens while it is asked, once each. */
  const meanwhile: (() => void)[] = []
  const introspector: Introspector = {
    async introspect() {
      asked += 1
      const now = roles
      meanwhile.shift()?.()
      return {
        outcome: 'active',
        roles: now,
        groups: [],
        department: undefined,
        zoneinfo: undefined,
        country: undefined,
      }
    },
  }
  const state = createCutOffState({ retentionSeconds: 360 })
  const second = Math.floor(Date.now() / 1_000)
  const callers = createLiveCallers(state, new Map([[issuer, introspector]]))
  const token = {
    issuer,
    subject: 'erin',
    issuedAt: second - 10,
    clientId: 'cli',
    scopes: ['read:customers', 'write:customers'],
    caller: { kind: 'person', roles: [], groups: [] },
    claims: {},
  } as unknown as VerifiedAccessToken
  return {
    change: (subject: string | undefined, holds: string[]) => {
      roles = holds
      state.changePermissions({ issuer, subject, changedAt: second })
    },
    changeUntold: (holds: string[]) => {
      roles = holds
    },
    mayWrite: async () => (await callers.of(token, 'compact', false)).scopes.includes('write:customers'),
    asked: () => asked,
    meanwhile,
    /** What is known when she is shown her tools; undefined while it is in doubt. */
    shownWriting: async () => {
      await callers.settle(token, 'compact')
      return callers.known(token)?.scopes.includes('write:customers')
    },
  }
}

describe.each([
  ['of the person', 'erin'],
  ['of everybody', undefined],
])('after a change %s', (_, subject) => {
  it('the authorization server is asked once, when two seconds have passed', async () => {
    const erin = inDoubt()
    erin.change(subject, ['read:customers'])
    vi.advanceTimersByTime(2_000)
    expect(await erin.mayWrite()).toBe(false)
    vi.advanceTimersByTime(300_000)
    expect(await erin.mayWrite()).toBe(false)
    expect(erin.asked()).toBe(1)
  })

  it('its answer is used for a quarter of a second before that: what it knows may be taken back untold', async () => {
    const erin = inDoubt()
    erin.change(subject, ['read:customers', 'write:customers'])
    erin.changeUntold(['read:customers'])
    vi.advanceTimersByTime(1_000)
    expect(await erin.mayWrite()).toBe(false)
    erin.changeUntold(['read:customers', 'write:customers'])
    vi.advanceTimersByTime(249)
    expect(await erin.mayWrite()).toBe(false)
    expect(erin.asked()).toBe(1)
    vi.advanceTimersByTime(1)
    expect(await erin.mayWrite()).toBe(true)
    expect(erin.asked()).toBe(2)
  })
})

it('the next change is asked about again, be it in the same second; that of somebody else is not', async () => {
  const erin = inDoubt()
  erin.change('erin', ['read:customers', 'write:customers'])
  vi.advanceTimersByTime(2_000)
  expect(await erin.mayWrite()).toBe(true)
  erin.change('somebody else', ['read:customers'])
  expect(await erin.mayWrite()).toBe(true)
  expect(erin.asked()).toBe(1)
  erin.change('erin', ['read:customers'])
  expect(await erin.mayWrite()).toBe(false)
})

it('a hundred calls that come at once are two questions: those that came while the first was asked share the second', async () => {
  const erin = inDoubt()
  erin.change('erin', ['read:customers'])
  expect(await Promise.all(Array.from({ length: 100 }, erin.mayWrite))).toEqual(Array(100).fill(false))
  expect(erin.asked()).toBe(2)
})

it('a call that comes while it is asked is decided by what is asked after it came', async () => {
  const erin = inDoubt()
  erin.change('erin', ['read:customers', 'write:customers'])
  let second: Promise<boolean> | undefined
  erin.meanwhile.push(() => {
    erin.changeUntold(['read:customers'])
    second = erin.mayWrite()
  })
  expect(await erin.mayWrite()).toBe(true)
  expect(await second).toBe(false)
})

describe('before somebody is shown tools', () => {
  it('she is shown what the newest answer says, however long it took, and it is asked once', async () => {
    const erin = inDoubt()
    erin.change('erin', ['read:customers'])
    erin.meanwhile.push(() => vi.advanceTimersByTime(1_000))
    expect(await erin.shownWriting()).toBe(false)
    expect(erin.asked()).toBe(1)
  })

  it('it is asked again when a change came meanwhile', async () => {
    const erin = inDoubt()
    erin.change('erin', ['read:customers', 'write:customers'])
    erin.meanwhile.push(() => erin.change('erin', ['read:customers']))
    expect(await erin.shownWriting()).toBe(false)
    expect(erin.asked()).toBe(2)
  })

  it('it is not asked again when somebody else’s change came meanwhile', async () => {
    const erin = inDoubt()
    erin.change('erin', ['read:customers'])
    erin.meanwhile.push(() => erin.change('somebody else', ['read:customers']))
    expect(await erin.shownWriting()).toBe(false)
    expect(erin.asked()).toBe(1)
  })

  it('the doubt stays when each of three answers is overtaken', async () => {
    const erin = inDoubt()
    erin.change('erin', ['read:customers'])
    for (let time = 0; time < 3; time += 1) erin.meanwhile.push(() => erin.change('erin', ['read:customers']))
    expect(await erin.shownWriting()).toBeUndefined()
    expect(erin.asked()).toBe(3)
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCutOffState } from '../../src/cut-off-state.ts'
import type { FeedState } from '../../src/feed-state.ts'
import type { EventCursor } from '../../src/keycloak/event-reader.ts'
import type { KeycloakEventFeed } from '../../src/keycloak/poll-keycloak-events.ts'
import { pollKeycloakEvents } from '../../src/keycloak/poll-keycloak-events.ts'
import { alice, issuer, KeycloakDouble } from './keycloak-double.ts'

let keycloak: KeycloakDouble
let feed: KeycloakEventFeed
let kept: EventCursor | undefined
let states: FeedState[]
let state: ReturnType<typeof createCutOffState>

beforeEach(() => {
  vi.useFakeTimers()
  keycloak = new KeycloakDouble()
  kept = undefined
  states = []
  state = createCutOffState({ clock: keycloak.clock, retentionSeconds: 3_660 })
})

afterEach(() => {
  feed.stop()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const hour = 3_600_000

/** By the fake timers, so that no test waits: the platform's own would keep real time. */
function timeoutByFakeTimers(milliseconds: number): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), milliseconds)
  return controller.signal
}

function start(options: { clientSecret?: string } = {}): void {
  feed = pollKeycloakEvents({
    issuer,
    clientId: 'https://mcp.company.com/mcp',
    clientSecret: 'secret-of-the-feed',
    retentionSeconds: 3_660,
    cursorStore: { load: () => kept, save: (cursor) => (kept = cursor) },
    onSignals: (signals) => signals.map(state.apply),
    onState: (told) => states.push(told),
    fetch: keycloak.fetch,
    clock: keycloak.clock,
    ...options,
  })
}

async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 50) {
    keycloak.now += 50
    await vi.advanceTimersByTimeAsync(50)
  }
}

const token = () => ({ issuer, subject: alice, issuedAt: Math.floor(keycloak.now / 1000) })

it('cuts a disabled person off within one interval and a bit', async () => {
  start()
  await feed.ready
  await pass(1_000)
  const issued = token()
  keycloak.disable(alice)
  await pass(350)
  expect(state.reasonRefused(issued)).toBe('account_disabled')
})

it('does not revive old tokens when the person is enabled again, and accepts new ones', async () => {
  start()
  await pass(1_000)
  const old = token()
  keycloak.disable(alice)
  await pass(3_000)
  keycloak.adminEvent({
    operationType: 'UPDATE',
    resourceType: 'USER',
    resourcePath: `users/${alice}`,
    representation: '{"enabled":true}',
  })
  await pass(2_000)
  expect(state.reasonRefused(old)).toBe('account_disabled')
  expect(state.reasonRefused(token())).toBeUndefined()
})

describe('when Keycloak does not answer', () => {
  it('waits for it, says why, and heals by itself', async () => {
    keycloak.isDown = true
    start()
    await pass(10_000)
    expect(feed.state()).toMatchObject({ lastSuccessAt: undefined, stale: true, error: 'fetch failed: ECONNREFUSED' })
    keycloak.isDown = false
    await pass(1_100)
    await feed.ready
    expect(feed.state()).toMatchObject({ stale: false, error: undefined })
  })

  it('is stale after its bound and not before', async () => {
    start()
    await feed.ready
    keycloak.isDown = true
    const lastSuccessAt = feed.state().lastSuccessAt ?? 0
    keycloak.now = lastSuccessAt * 1000 + 5_000
    expect(feed.state().stale).toBe(false)
    keycloak.now += 1
    expect(feed.state().stale).toBe(true)
  })

  // A look asks for user events and admin events at once.
  it('does not become stale for one look that is not answered: there is time for another, slow one', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(timeoutByFakeTimers)
    start()
    await feed.ready
    keycloak.waits = [hour, hour, 2_300, 2_300]
    await pass(6_000)
    expect(states.map(({ stale }) => stale)).not.toContain(true)
    expect(feed.state()).toMatchObject({ stale: false, error: undefined })
  })

  it('becomes stale when the other is slower', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(timeoutByFakeTimers)
    start()
    await feed.ready
    keycloak.waits = [hour, hour, 2_400, 2_400, hour, hour]
    await pass(5_050)
    expect(feed.state()).toMatchObject({ stale: true, error: 'Keycloak did not answer in time' })
  })

  it('asks at most about once a second', async () => {
    start()
    await feed.ready
    keycloak.isDown = true
    await pass(3_000)
    keycloak.requests.length = 0
    await pass(10_000)
    const reads = keycloak.requests.filter((path) => path.includes('/admin-events')).length
    expect(reads).toBeGreaterThanOrEqual(8)
    expect(reads).toBeLessThanOrEqual(14)
  })

  it('reads what happened meanwhile', async () => {
    start()
    await feed.ready
    const issued = token()
    keycloak.isDown = true
    await pass(30_000)
    keycloak.disable(alice, keycloak.now - 20_000)
    keycloak.isDown = false
    await pass(1_100)
    expect(state.reasonRefused(issued)).toBe('account_disabled')
  })

  it('tells of becoming stale and fresh once each', async () => {
    start()
    await feed.ready
    keycloak.isDown = true
    await pass(8_000)
    keycloak.isDown = false
    await pass(2_000)
    expect(states.map(({ stale, error }) => [stale, error !== undefined])).toEqual([
      [false, false],
      [false, true],
      [true, true],
      [false, false],
    ])
  })
})

it('becomes stale, and stays so, when the realm stops recording events', async () => {
  start()
  await feed.ready
  await pass(60_000)
  keycloak.config.adminEventsEnabled = false
  await pass(70_000)
  expect(feed.state()).toMatchObject({ stale: true, error: expect.stringContaining('adminEventsEnabled') })
  keycloak.config.adminEventsEnabled = true
  await pass(2_000)
  expect(feed.state().stale).toBe(false)
})

it('goes on when the list of disabled people cannot be read, and says so', async () => {
  keycloak.mayListPeople = false
  start()
  await pass(2_000)
  expect(states.some(({ error }) => error?.includes('view-users'))).toBe(true)
  expect(feed.state().stale).toBe(false)
})

it('never tells the secret', async () => {
  keycloak.isDown = true
  start()
  await pass(1_000)
  expect(JSON.stringify(states)).not.toContain('secret-of-the-feed')
})

it('saves a cursor that only time moves every five seconds, not at every read', async () => {
  start()
  await feed.ready
  await pass(1_000)
  const first = kept?.readAtMs
  await pass(2_000)
  expect(kept?.readAtMs).toBe(first)
  await pass(3_500)
  expect(kept?.readAtMs).toBeGreaterThan(first ?? 0)
})

it('does nothing more after it was stopped', async () => {
  start()
  await feed.ready
  feed.stop()
  keycloak.requests.length = 0
  keycloak.disable(alice)
  await pass(2_000)
  expect(keycloak.requests).toEqual([])
  expect(state.reasonRefused(token())).toBeUndefined()
})

it('refuses settings out of bounds and issuers that are no realm', () => {
  start()
  const base = {
    clientId: 'c',
    clientSecret: 's',
    retentionSeconds: 60,
    cursorStore: { load: () => undefined, save: () => {} },
    onSignals: () => {},
  }
  expect(() => pollKeycloakEvents({ ...base, issuer, intervalMs: 10 })).toThrow('"intervalMs" must be 50 to 5000')
  expect(() => pollKeycloakEvents({ ...base, issuer, intervalMs: 500, stalenessBoundMs: 500 })).toThrow(
    '"intervalMs" must be less than "stalenessBoundMs", 500, found 500',
  )
  expect(() => pollKeycloakEvents({ ...base, issuer: 'https://login.example' })).toThrow(
    '"issuer" must end in /realms/{realm}',
  )
})

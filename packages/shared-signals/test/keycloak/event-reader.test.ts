import { beforeEach, describe, expect, it, vi } from 'vitest'
import { settlingSeconds } from '../../src/effective-time.ts'
import { createKeycloakAdminClient } from '../../src/keycloak/admin-client.ts'
import type { EventCursor } from '../../src/keycloak/event-reader.ts'
import { createEventReader, EventsNotRecordedError } from '../../src/keycloak/event-reader.ts'
import type { Signal } from '../../src/signal.ts'
import { alice, issuer, KeycloakDouble } from './keycloak-double.ts'

let keycloak: KeycloakDouble
let signals: Signal[]

beforeEach(() => {
  keycloak = new KeycloakDouble()
  signals = []
})

interface ReaderOptions {
  onSignals?: (signals: readonly Signal[]) => void
  retentionSeconds?: number
  /** Ours; default: the same as Keycloak's. */
  clock?: () => number
}

function newReader(options: ReaderOptions = {}) {
  const { fetch } = keycloak
  const { clock = keycloak.clock } = options
  const admin = createKeycloakAdminClient({
    issuer,
    clientId: 'https://mcp.company.com/mcp',
    clientSecret: 's e&cret',
    requestTimeoutMs: 2_000,
    fetch,
    clock,
  })
  return createEventReader({
    issuer,
    admin,
    clock,
    retentionSeconds: 3_660,
    reconcileIntervalMs: 60_000,
    onSignals: (page) => signals.push(...page),
    ...options,
  })
}

const subjects = () => signals.map((signal) => ('subject' in signal ? signal.subject : undefined))

describe('losing nothing', () => {
  it('reads at its first start what happened within the life of a token', async () => {
    keycloak.disable(alice, keycloak.now - 3_600_000)
    keycloak.disable('too-long-ago', keycloak.now - 3_600_000 * 3)
    await newReader().read(undefined)
    expect(subjects()).toEqual([alice])
  })

  it('hands every event over once', async () => {
    const reader = newReader()
    let cursor: EventCursor | undefined
    for (const person of ['a', 'b', 'c']) {
      keycloak.now += 250
      keycloak.disable(person)
      cursor = await reader.read(cursor)
    }
    await reader.read(cursor)
    expect(subjects()).toEqual(['a', 'b', 'c'])
  })

  it('sees the second of two events of the same millisecond', async () => {
    const reader = newReader()
    keycloak.disable('a')
    const cursor = await reader.read(undefined)
    keycloak.disable('b')
    await reader.read(cursor)
    expect(subjects()).toEqual(['a', 'b'])
  })

  it.each([
    ['at once, when it shows up to two seconds late', 1_900, 250],
    ['within five seconds, when it shows up to a minute late', 59_000, 5_000],
    ['within a minute, when a clock was set back ten minutes', 599_000, 60_000],
  ])('finds an event behind the cursor %s', async (_title, behindMs, withinMs) => {
    const reader = newReader()
    keycloak.disable('newest')
    let cursor = await reader.read(undefined)
    keycloak.now += 250
    cursor = await reader.read(cursor)
    keycloak.disable('late', keycloak.now - 250 - behindMs)
    keycloak.now += withinMs
    await reader.read(cursor)
    expect(subjects()).toEqual(['newest', 'late'])
  })

  it('takes in many by portions, in order, and others have their turn between them', async () => {
    for (let index = 0; index < 250; index += 1) keycloak.disable(`person-${index}`, keycloak.now - 250 + index)
    const heard: string[] = []
    const reader = newReader({
      onSignals(portion) {
        signals.push(...portion)
        heard.push(String(portion.length))
        setImmediate(() => heard.push('another'))
      },
    })
    await reader.read(undefined)
    expect(heard.slice(0, 5)).toEqual(['100', 'another', '100', 'another', '50'])
    expect(subjects()).toEqual(Array.from({ length: 250 }, (_, index) => `person-${index}`))
  })

  it('goes on from its cursor after a restart', async () => {
    const cursor = await newReader().read(undefined)
    keycloak.now += 1_800_000
    keycloak.disable('while-away', keycloak.now - 900_000)
    await newReader().read(cursor)
    expect(subjects()).toEqual(['while-away'])
  })

  it('reads page after page, also when a page is full of one millisecond', async () => {
    for (let i = 0; i < 1_203; i++) keycloak.disable(`same-${i}`)
    for (let i = 0; i < 700; i++) keycloak.disable(`later-${i}`, keycloak.now + 1 + i)
    await newReader().read(undefined)
    expect(new Set(subjects()).size).toBe(1_903)
    expect(signals).toHaveLength(1_903)
  })

  it('keeps up when Keycloak’s clock is a minute ahead and then set right', async () => {
    const reader = newReader()
    keycloak.disable('ahead', keycloak.now + 60_000)
    let cursor = await reader.read(undefined)
    keycloak.now += 250
    keycloak.disable('right')
    cursor = await reader.read(cursor)
    expect(subjects()).toContain('right')
  })

  it('hands an event over again when it could not be kept', async () => {
    let isDiskFull = true
    const reader = newReader({
      onSignals: (page) => {
        if (isDiskFull) throw new Error('disk full')
        signals.push(...page)
      },
    })
    keycloak.disable(alice)
    await expect(reader.read(undefined)).rejects.toThrow('disk full')
    isDiskFull = false
    await reader.read(undefined)
    expect(subjects()).toEqual([alice])
  })
})

describe('what the events no longer tell', () => {
  it('refuses tokens from before the oldest event that is kept, after an absence longer than that', async () => {
    keycloak.config.eventsExpiration = 600
    const cursor = await newReader().read(undefined)
    signals = []
    keycloak.now += 1_800_000
    await newReader().read(cursor)
    expect(signals).toEqual([
      {
        kind: 'cut_off',
        issuer,
        notBefore: keycloak.now / 1000 - 600,
        cause: 'events_lost',
        receivedAt: keycloak.now / 1000,
      },
    ])
  })

  it('refuses nothing when events are kept as long as tokens live', async () => {
    keycloak.config.eventsExpiration = 3_660
    await newReader().read(undefined)
    expect(signals).toEqual([])
  })

  it('refuses nothing when events are kept for ever', async () => {
    keycloak.config.eventsExpiration = 0
    await newReader().read(undefined)
    expect(signals).toEqual([])
  })

  it('finds disabled people whose event never showed', async () => {
    const reader = newReader()
    const cursor = await reader.read(undefined)
    keycloak.disabledPeople.push('ldap-person')
    keycloak.now += 60_000
    const next = await reader.read(cursor)
    await vi.waitFor(() => expect(subjects()).toEqual(['ldap-person']))
    keycloak.now += 60_000
    const last = await reader.read(next)
    keycloak.now += 250
    await reader.read(last)
    expect(subjects()).toEqual(['ldap-person'])
  })
})

describe('comparing who is disabled', () => {
  const compare = async (reader: ReturnType<typeof newReader>, cursor: EventCursor | undefined) => {
    const asked = keycloak.requests.length
    const next = await reader.read(cursor)
    await vi.waitFor(() => expect(keycloak.requests.slice(asked).join()).toContain('/users?enabled=false'))
    await new Promise((resolve) => setImmediate(resolve))
    return next
  }
  const disableAlice = (): void => {
    keycloak.disable(alice)
    keycloak.disabledPeople = [alice]
  }

  it('dates nobody anew whose event was read, however much later it is, so that she may come back', async () => {
    const reader = newReader()
    let cursor = await compare(reader, undefined)
    keycloak.now += 57_000
    disableAlice()
    const disabledAt = keycloak.now / 1000
    cursor = await reader.read(cursor)
    keycloak.now += 3_000
    await compare(reader, cursor)
    expect(signals.map((signal) => (signal.kind === 'cut_off' ? signal.notBefore : undefined))).toEqual([disabledAt])
  })

  it('dates nobody anew at a start either', async () => {
    disableAlice()
    const disabledAt = keycloak.now / 1000
    keycloak.now += 3_000
    await compare(newReader(), undefined)
    expect(signals.map((signal) => (signal.kind === 'cut_off' ? signal.notBefore : undefined))).toEqual([
      disabledAt + settlingSeconds,
    ])
  })

  it('finds her when she was enabled since, and the event of another disable never showed', async () => {
    const reader = newReader()
    disableAlice()
    let cursor = await compare(reader, undefined)
    keycloak.now += 1_000
    keycloak.disabledPeople = []
    keycloak.enable(alice)
    cursor = await reader.read(cursor)
    keycloak.now += 60_000
    keycloak.disabledPeople = [alice]
    await compare(reader, cursor)
    expect(signals.at(-1)).toMatchObject({ kind: 'cut_off', subject: alice, cause: 'account_disabled' })
    expect(signals.at(-1)).toHaveProperty('notBefore', keycloak.now / 1000)
  })

  it('finds her when neither the enabling nor the other disable showed', async () => {
    const reader = newReader()
    disableAlice()
    let cursor = await compare(reader, undefined)
    keycloak.disabledPeople = []
    keycloak.now += 60_000
    cursor = await compare(reader, cursor)
    keycloak.disabledPeople = [alice]
    keycloak.now += 60_000
    await compare(reader, cursor)
    expect(signals.at(-1)).toHaveProperty('notBefore', keycloak.now / 1000)
  })
})

describe.each([
  ['ahead', 300],
  ['behind', -300],
])('a clock of ours that is five minutes %s', (_where, seconds) => {
  const clock = () => keycloak.clock() + seconds
  const isCutOffUntil = () => signals.map((signal) => (signal.kind === 'cut_off' ? signal.notBefore : undefined))

  it('dates disabled people whose event never showed by the clock of Keycloak', async () => {
    keycloak.issueSignedTokens()
    keycloak.disabledPeople.push('ldap-person')
    await newReader({ clock }).read(undefined)
    await vi.waitFor(() => expect(subjects()).toEqual(['ldap-person']))
    const second = Math.floor(keycloak.clock())
    expect(isCutOffUntil()[0]).toBeGreaterThanOrEqual(second)
    expect(isCutOffUntil()[0]).toBeLessThanOrEqual(second + 2)
  })

  it('moves no event further than the time it may have taken to show', async () => {
    keycloak.issueSignedTokens()
    keycloak.disable(alice)
    await newReader({ clock }).read(undefined)
    const second = Math.floor(keycloak.clock())
    expect(isCutOffUntil()[0]).toBeGreaterThanOrEqual(second)
    expect(isCutOffUntil()[0]).toBeLessThanOrEqual(second + 2)
  })
})

describe('a realm that records too little', () => {
  it.each([
    ['eventsEnabled', { eventsEnabled: false }],
    ['adminEventsEnabled', { adminEventsEnabled: false }],
    ['adminEventsDetailsEnabled', { adminEventsDetailsEnabled: false }],
    ['LOGOUT', { enabledEventTypes: ['LOGIN', 'REVOKE_GRANT'] }],
  ])('is refused, naming %s', async (name, change) => {
    Object.assign(keycloak.config, change)
    const reading = newReader().read(undefined)
    await expect(reading).rejects.toThrow(EventsNotRecordedError)
    await expect(reading).rejects.toThrow(name)
  })

  it('is noticed within a minute when it is switched off later', async () => {
    const reader = newReader()
    const cursor = await reader.read(undefined)
    keycloak.config.adminEventsEnabled = false
    keycloak.now += 60_000
    const next = await reader.read(cursor)
    await vi.waitFor(() => expect(reader.read(next)).rejects.toThrow('adminEventsEnabled'))
  })
})

describe('credentials', () => {
  it('asks for one access token and keeps it', async () => {
    const reader = newReader()
    const cursor = await reader.read(undefined)
    keycloak.now += 250
    await reader.read(cursor)
    expect(keycloak.tokenRequests).toBe(1)
  })

  it('renews it before it expires', async () => {
    const reader = newReader()
    const cursor = await reader.read(undefined)
    keycloak.now += 291_000
    await reader.read(cursor)
    expect(keycloak.tokenRequests).toBe(2)
  })

  it('gets another when Keycloak ended it, as it does when everybody is logged out', async () => {
    const reader = newReader()
    const cursor = await reader.read(undefined)
    keycloak.endServiceTokens()
    keycloak.disable(alice)
    await reader.read(cursor)
    expect(subjects()).toEqual([alice])
  })
})

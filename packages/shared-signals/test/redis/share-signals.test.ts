import { type RedisServer, redisPrograms, startRedisServer } from '@mcp-identity/test-kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectRedis } from '../../src/redis/connect-redis.ts'
import type { SharedSignals, SharedSignalsOptions } from '../../src/redis/share-signals.ts'
import { shareSignals } from '../../src/redis/share-signals.ts'
import type { CutOff, Signal } from '../../src/signal.ts'
import { type CutOffStore, openCutOffStore } from '../../src/sqlite/cut-off-store.ts'

const issuer = 'https://sso.company.com/realms/company'
const now = Math.floor(Date.now() / 1000)
const retentionSeconds = 3_660
const disabled: CutOff = { issuer, subject: 'alice', notBefore: now, cause: 'account_disabled' }
const cutOff = (subject: string): Signal => ({ kind: 'cut_off', ...disabled, subject })
const tokenOf = (subject: string) => ({ issuer, subject, issuedAt: now })

interface Replica {
  shared: SharedSignals
  store: CutOffStore
  /** What the feed brought, in order. */
  heard: Signal[]
  takeIn(signals: readonly Signal[]): Promise<void>
}

const running: Replica[] = []

function join(redis: RedisServer, options: Partial<SharedSignalsOptions> & { store?: CutOffStore } = {}): Replica {
  const { store = openCutOffStore(':memory:', { retentionSeconds }), ...rest } = options
  const heard: Signal[] = []
  const shared = shareSignals({
    redis: { url: redis.url },
    retentionSeconds,
    stalenessBoundMs: 1_000,
    positionStore: store.positionStore('replicas'),
    standing: store.standing,
    onSignals: (signals) => {
      heard.push(...signals)
      store.applyAll(signals)
    },
    ...rest,
  })
  const replica: Replica = {
    shared,
    store,
    heard,
    async takeIn(signals) {
      store.applyAll(signals)
      await shared.publish(signals)
    },
  }
  running.push(replica)
  return replica
}

async function eventually(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(async () => check(), { timeout: 8_000, interval: 20 })
}

const refuses = (replica: Replica, subject: string) => () =>
  expect(replica.store.reasonRefused(tokenOf(subject))).toBeDefined()

describe.each(redisPrograms())('replicas that share a %s', { timeout: 20_000 }, (program) => {
  let redis: RedisServer

  beforeAll(async () => {
    redis = await startRedisServer({ program })
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    await command('FLUSHALL')
    await beginLongAgo('mcp-signals')
  })
  afterEach(() => {
    for (const replica of running.splice(0)) replica.shared.stop()
  })

  async function command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const connection = await connectRedis({ url: redis.url }, 'test')
    try {
      return await connection.call(name, ...args)
    } finally {
      connection.disconnect()
    }
  }

  /** A stream that has just begun makes everybody wait until all have told what they know. */
  async function beginLongAgo(name: string): Promise<void> {
    await command('HSET', `{${name}}:about`, 'epoch', 'of-the-test', 'sequence', 0, 'madeAtMs', 0)
  }

  async function joinReady(options?: Parameters<typeof join>[1]): Promise<Replica> {
    const replica = join(redis, options)
    await replica.shared.ready
    return replica
  }

  it('hear what one of them was told', async () => {
    const [first, second, third] = await Promise.all([joinReady(), joinReady(), joinReady()])
    await first.takeIn([cutOff('alice'), { kind: 'permissions_changed', issuer, subject: 'erin', changedAt: now }])
    await eventually(refuses(second, 'alice'))
    await eventually(refuses(third, 'alice'))
    expect(second.store.permissionsChangedSince(tokenOf('erin'), [])).toBe(true)
  })

  it('do not hear again what they told themselves', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    await first.takeIn([cutOff('alice')])
    await second.takeIn([cutOff('bob')])
    await eventually(refuses(first, 'bob'))
    expect(first.heard.map((signal) => signal.kind === 'cut_off' && signal.subject)).toEqual(['bob'])
  })

  it('add to the stream once what several of them know', async () => {
    const [first, second, third] = await Promise.all([joinReady(), joinReady(), joinReady()])
    await Promise.all([first, second, third].map((replica) => replica.takeIn([cutOff('alice')])))
    expect(await command('XLEN', '{mcp-signals}:stream')).toBe(1)
  })

  it('hear of each change of permissions, two in one second too', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    const change: Signal = { kind: 'permissions_changed', issuer, subject: 'erin', changedAt: now }
    await first.takeIn([change])
    await first.takeIn([change])
    await eventually(() => expect(second.heard).toHaveLength(2))
  })

  it('keep groups of another name apart', async () => {
    await beginLongAgo('other')
    const [first, other] = await Promise.all([joinReady(), joinReady({ name: 'other' })])
    await first.takeIn([cutOff('alice')])
    await other.takeIn([cutOff('bob')])
    expect(other.heard).toEqual([])
  })

  it('are not ready before they know everything that stands', async () => {
    const first = await joinReady()
    await first.takeIn(Array.from({ length: 3_000 }, (_, i) => cutOff(`person-${i}`)))
    const late = join(redis)
    expect(late.shared.state()).toMatchObject({ feed: 'replicas', stale: true, lastSuccessAt: undefined })
    await late.shared.ready
    for (let i = 0; i < 3_000; i++) expect(late.store.reasonRefused(tokenOf(`person-${i}`))).toBe('account_disabled')
    expect(late.shared.state()).toMatchObject({ stale: false, error: undefined })
  })

  it('go on after a restart from where they had got', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    await first.takeIn([cutOff('alice')])
    await eventually(refuses(second, 'alice'))
    second.shared.stop()
    await first.takeIn([cutOff('bob')])
    const again = await joinReady({ store: second.store })
    refuses(again, 'bob')()
    expect(again.heard.map((signal) => signal.kind === 'cut_off' && signal.subject)).toEqual(['bob'])
  })

  it('take in what came meanwhile by portions, in order', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    await first.takeIn([cutOff('alice')])
    await eventually(refuses(second, 'alice'))
    second.shared.stop()
    const people = Array.from({ length: 600 }, (_, index) => `person-${index}`)
    await first.takeIn(people.map(cutOff))
    const portions: Signal[][] = []
    const { store } = second
    const again = await joinReady({ store, onSignals: (signals) => portions.push([...signals]) })
    expect(portions.map(({ length }) => length)).toEqual([200, 200, 200])
    expect(portions.flat()).toEqual(people.map(cutOff))
    again.shared.stop()
  })

  it('read everything that stands when they were away for longer than the stream goes back', async () => {
    const [first, second] = await Promise.all([joinReady({ mostEntries: 100 }), joinReady({ mostEntries: 100 })])
    await first.takeIn([cutOff('alice')])
    await eventually(refuses(second, 'alice'))
    second.shared.stop()
    for (let i = 0; i < 500; i++) await first.takeIn([cutOff(`person-${i}`)])
    expect(await command('XLEN', '{mcp-signals}:stream')).toBeLessThan(499)
    const again = await joinReady({ store: second.store })
    for (let i = 0; i < 500; i++) refuses(again, `person-${i}`)()
  })

  it('are stale once nothing was heard for the bound, and hear what came meanwhile when the store answers again', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    redis.freeze()
    try {
      await eventually(() => expect(second.shared.state().stale).toBe(true))
      await expect(first.shared.publish([cutOff('alice')])).rejects.toThrow()
    } finally {
      redis.thaw()
    }
    await eventually(() => expect(first.shared.state().stale).toBe(false))
    await first.takeIn([cutOff('alice')])
    await eventually(refuses(second, 'alice'))
    await eventually(() => expect(second.shared.state()).toMatchObject({ stale: false, error: undefined }))
  })

  it('tell a store that lost everything what they know', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    await first.takeIn([cutOff('alice')])
    await eventually(refuses(second, 'alice'))
    await redis.kill()
    await redis.start()
    const late = await joinReady()
    refuses(late, 'alice')()
  })

  it('notice a store that was emptied while they were connected', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    await first.takeIn([cutOff('alice')])
    await command('FLUSHALL')
    const late = await joinReady()
    refuses(late, 'alice')()
    await first.shared.publish([cutOff('bob')]).catch(() => {})
    await eventually(async () => {
      await first.shared.publish([cutOff('carol')])
    })
    await eventually(refuses(second, 'carol'))
  })

  it('notice that the store gave a number twice, as after a failover', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    await first.takeIn([cutOff('alice')])
    await eventually(refuses(second, 'alice'))
    second.shared.stop()
    await command('XTRIM', '{mcp-signals}:stream', 'MAXLEN', 0)
    await command('DEL', '{mcp-signals}:stream')
    await command('HSET', '{mcp-signals}:about', 'sequence', 0)
    first.shared.stop()
    const writer = await joinReady({ standing: () => [] })
    await writer.takeIn([cutOff('bob')])
    const again = await joinReady({ store: second.store })
    refuses(again, 'bob')()
  })

  it('are stale, and say why, on a store that may forget', async () => {
    const forgetful = await startRedisServer({
      program,
      settings: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'],
    })
    try {
      const replica = join(forgetful)
      await eventually(() => expect(replica.shared.state().error ?? '').toContain('set maxmemory-policy to noeviction'))
      expect(replica.shared.state().stale).toBe(true)
      replica.shared.stop()
    } finally {
      await forgetful.stop()
    }
  })

  it('are stale, and say why, when the store holds what they cannot read', async () => {
    await command('ZADD', '{mcp-signals}:standing', now, '["else"]')
    const late = join(redis)
    await eventually(() => expect(late.shared.state().error ?? '').toContain('cannot read'))
    expect(late.shared.state().stale).toBe(true)
  })

  it('take a cause of a newer version as an end of the token', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    await first.shared.publish([{ ...cutOff('alice'), cause: 'struck_by_lightning' } as unknown as Signal])
    await eventually(refuses(second, 'alice'))
    const late = await joinReady()
    refuses(late, 'alice')()
  })

  it('cannot publish while the store is away, so that the sender comes again', async () => {
    const replica = shareSignals({ redis: { url: 'redis://127.0.0.1:1' }, retentionSeconds, onSignals: () => {} })
    await expect(replica.publish([cutOff('alice')])).rejects.toThrow('the store of signals is away')
    replica.stop()
  })

  it('remember a fact once for all of them', async () => {
    const [first, second] = await Promise.all([joinReady(), joinReady()])
    expect(await first.shared.remember('proof-1', now + 60)).toBe(true)
    expect(await second.shared.remember('proof-1', now + 60)).toBe(false)
    expect(await second.shared.remember('proof-2', now + 60)).toBe(true)
    const keys = (await command('KEYS', '*proof*')) as string[]
    expect(keys).toEqual([])
  })

  it('need the password where the store has one', async () => {
    const locked = await startRedisServer({ program, settings: ['--requirepass', 'a-password-for-tests'] })
    try {
      const refused = join(locked)
      await eventually(() => expect(refused.shared.state().error ?? '').toMatch(/NOAUTH/))
      refused.shared.stop()
      const admitted = join(locked, { redis: { url: locked.url, password: 'a-password-for-tests' } })
      await admitted.shared.ready
      admitted.shared.stop()
    } finally {
      await locked.stop()
    }
  })
})

describe('settings', () => {
  const options: SharedSignalsOptions = { redis: { url: 'redis://127.0.0.1:1' }, retentionSeconds, onSignals: () => {} }
  it.each([
    ['an address of another kind', { redis: { url: 'http://127.0.0.1' } }, 'expected redis://'],
    ['credentials in the address', { redis: { url: 'redis://me:secret@127.0.0.1' } }, 'must hold no credentials'],
    ['a bound of nothing', { stalenessBoundMs: 0 }, '"stalenessBoundMs" must be 1000 to 60000'],
    ['no retention', { retentionSeconds: 0 }, '"retentionSeconds"'],
    ['a stream of nothing', { mostEntries: 0 }, '"mostEntries"'],
  ])('are refused with %s', (_title, change, message) => {
    expect(() => shareSignals({ ...options, ...change })).toThrow(message)
  })
})

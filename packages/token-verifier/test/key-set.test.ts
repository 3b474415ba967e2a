import { publicKeySet, testKeys } from '@mcp-identity/test-kit'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { supportedAlgorithms } from '../src/algorithms.ts'
import { KeySet, type KeySetChange } from '../src/key-set.ts'
import { KeySetUnavailableError } from '../src/unavailable-error.ts'

const { rsa, rsaNext } = testKeys
const settings = { timeoutMs: 1000, maxBytes: 100_000, refreshMs: 60_000, staleMs: 600_000 }
const address = new URL('https://as.company.com/keys')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A key set whose document is given by a function, and how often it was asked for. */
function makeKeySet(documentOf: () => object = () => publicKeySet(rsa), onChange?: (change: KeySetChange) => void) {
  const asked = { times: 0 }
  const source = { issuer: 'https://as.company.com', locate: async () => address, algorithms: supportedAlgorithms }
  const keySet = new KeySet(source, onChange ? { ...settings, onChange } : settings, async () => {
    asked.times += 1
    return new Response(JSON.stringify(documentOf()))
  })
  return { keySet, asked }
}

const fails = () => {
  throw new Error('no route')
}

describe('a key set that is in use', () => {
  it('is fetched again in the background before it is too old, so that nobody waits', async () => {
    const { keySet, asked } = makeKeySet()
    await keySet.load()
    expect(keySet.current).toBeDefined()
    await vi.advanceTimersByTimeAsync(47_999)
    expect(asked.times).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(asked.times).toBe(2)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(keySet.current).toBeDefined()
    expect(asked.times).toBe(2)
  })

  it('is not fetched again when nobody uses it, nor once it is closed', async () => {
    const unused = makeKeySet()
    await unused.keySet.load()
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect(unused.asked.times).toBe(1)
    const closed = makeKeySet()
    await closed.keySet.load()
    expect(closed.keySet.current).toBeDefined()
    closed.keySet.close()
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect(closed.asked.times).toBe(1)
    await closed.keySet.load()
    expect(closed.keySet.current).toBeDefined()
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect(closed.asked.times).toBe(2)
  })

  it('is fetched in the background by its latest age alone', async () => {
    const { keySet, asked } = makeKeySet()
    await keySet.load()
    await vi.advanceTimersByTimeAsync(10_000)
    await keySet.loadFor('other')
    expect(keySet.current).toBeDefined()
    await vi.advanceTimersByTimeAsync(47_999)
    expect(asked.times).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(asked.times).toBe(3)
  })

  it('keeps no process alive', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => set.mockRestore())
    await makeKeySet().keySet.load()
    const refreshes = set.mock.results.filter((_result, call) => set.mock.calls[call]?.[1] === 48_000)
    expect(refreshes.map(({ value }) => value.hasRef())).toEqual([false])
  })

  it('is good up to its age, and has to be fetched beyond', async () => {
    const { keySet, asked } = makeKeySet()
    await keySet.load()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(keySet.current).toBeDefined()
    await keySet.load()
    expect(asked.times).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(keySet.current).toBeUndefined()
    await keySet.load()
    expect(asked.times).toBe(2)
  })
})

describe('while the issuer cannot be reached', () => {
  it('the keys that are known are used up to the limit, and it is asked again in the background', async () => {
    let document: () => object = () => publicKeySet(rsa)
    const { keySet, asked } = makeKeySet(() => document())
    await keySet.load()
    document = fails
    await vi.advanceTimersByTimeAsync(60_001)
    expect((await keySet.load()).withId(rsa.kid)).toHaveLength(1)
    expect(keySet.current).toBeDefined()
    const before = asked.times
    await vi.advanceTimersByTimeAsync(500)
    expect(keySet.current).toBeDefined()
    await vi.advanceTimersByTimeAsync(0)
    expect(asked.times).toBe(before + 1)
    await vi.advanceTimersByTimeAsync(660_000 - 60_501)
    expect(keySet.current).toBeDefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(keySet.current).toBeUndefined()
    await expect(keySet.load()).rejects.toBeInstanceOf(KeySetUnavailableError)
    document = () => publicKeySet(rsaNext)
    await vi.advanceTimersByTimeAsync(5000)
    expect((await keySet.load()).withId(rsaNext.kid)).toHaveLength(1)
  })

  it('it says why, and when to ask again', async () => {
    const { keySet, asked } = makeKeySet(fails)
    await expect(keySet.load()).rejects.toMatchObject({
      message: 'the key set of https://as.company.com cannot be fetched: no route',
      cause: expect.objectContaining({ message: 'no route' }),
      retryAfterSeconds: 1,
    })
    await expect(keySet.load()).rejects.toThrow('the key set of https://as.company.com cannot be fetched')
    expect(() => keySet.loadFor('other')).toThrow(KeySetUnavailableError)
    expect(asked.times).toBe(1)
    for (const waitMs of [500, 1000, 2000, 4000]) {
      await vi.advanceTimersByTimeAsync(waitMs)
      await expect(keySet.load()).rejects.toThrow('no route')
    }
    await expect(keySet.load()).rejects.toMatchObject({ retryAfterSeconds: 5 })
  })

  it('a document that is no key set counts as no answer', async () => {
    const { keySet } = makeKeySet(() => ({ keys: 'none' }))
    await expect(keySet.load()).rejects.toThrow('it did not answer with a key set')
  })
})

describe('a key id that is not known', () => {
  it('is worth a fetch of its own after the first one, and then rests', async () => {
    const { keySet, asked } = makeKeySet()
    await keySet.load()
    expect(keySet.isWithout(rsa.kid)).toBe(false)
    expect(keySet.isWithout('other')).toBe(false)
    expect((await keySet.loadFor('other'))?.withId('other')).toEqual([])
    expect(asked.times).toBe(2)
    expect(keySet.isWithout('other')).toBe(true)
    expect(keySet.loadFor('other')).toBeUndefined()
    expect(keySet.loadFor('another')).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1499)
    expect(keySet.loadFor('other')).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(keySet.isWithout('other')).toBe(false)
    await keySet.loadFor('other')
    expect(asked.times).toBe(3)
  })

  it('is known once a fetch brought it, and does not rest', async () => {
    let keys = publicKeySet(rsa)
    const { keySet } = makeKeySet(() => keys)
    await keySet.load()
    keys = publicKeySet(rsa, rsaNext)
    expect((await keySet.loadFor(rsaNext.kid))?.withId(rsaNext.kid)).toHaveLength(1)
    keys = publicKeySet(rsa)
    await vi.advanceTimersByTimeAsync(60_001)
    await keySet.load()
    expect(keySet.isWithout(rsaNext.kid)).toBe(false)
  })

  it('does not rest on account of those who waited for it, when it is withdrawn soon after', async () => {
    let keys = publicKeySet(rsa)
    const { keySet } = makeKeySet(() => keys)
    await keySet.load()
    keys = publicKeySet(rsa, rsaNext)
    await Promise.all(Array.from({ length: 10 }, () => keySet.loadFor(rsaNext.kid)))
    keys = publicKeySet(rsa)
    await vi.advanceTimersByTimeAsync(5000)
    expect((await keySet.loadFor('other'))?.withId(rsaNext.kid)).toEqual([])
    await vi.advanceTimersByTimeAsync(5000)
    expect(keySet.isWithout(rsaNext.kid)).toBe(false)
  })

  it('loses no fetch to those that the age of the key set costs', async () => {
    const { keySet } = makeKeySet()
    await keySet.load()
    await vi.advanceTimersByTimeAsync(60_001)
    await keySet.load()
    expect(await keySet.loadFor('one')).toBeDefined()
    expect(await keySet.loadFor('another')).toBeDefined()
    expect(await keySet.loadFor('a third')).toBeUndefined()
  })

  it('waits with others for a fetch that is under way, up to 1,000 of them', async () => {
    const { keySet, asked } = makeKeySet()
    await keySet.load()
    const waiting = Array.from({ length: 1000 }, (_, number) => keySet.loadFor(`other ${number}`))
    expect(waiting.every((each) => each instanceof Promise)).toBe(true)
    expect(keySet.isWithout('one more')).toBe(false)
    expect(keySet.loadFor('one more')).toBeUndefined()
    await Promise.all(waiting)
    expect(asked.times).toBe(2)
    await vi.advanceTimersByTimeAsync(12_000)
    expect(keySet.loadFor('one more')).toBeInstanceOf(Promise)
  })

  it('says nothing before there are keys', () => {
    expect(makeKeySet().keySet.isWithout('other')).toBe(false)
  })
})

describe('what changed in a key set', () => {
  it('is told by key ids once it was fetched again: what came, what went, and nothing while it stays the same', async () => {
    let document: () => object = () => publicKeySet(rsa)
    const told: KeySetChange[] = []
    const { keySet } = makeKeySet(
      () => document(),
      (change) => told.push(change),
    )
    const fetchAgain = async () => {
      await vi.advanceTimersByTimeAsync(60_001)
      await keySet.load()
      return told.splice(0)
    }
    await keySet.load()
    expect(told).toEqual([])
    expect(await fetchAgain()).toEqual([])
    const issuer = 'https://as.company.com'
    document = () => publicKeySet(rsa, rsaNext)
    expect(await fetchAgain()).toEqual([{ issuer, added: [rsaNext.kid], withdrawn: [] }])
    document = () => publicKeySet(rsaNext)
    expect(await fetchAgain()).toEqual([{ issuer, added: [], withdrawn: [rsa.kid] }])
    document = () => publicKeySet(rsa)
    expect(await fetchAgain()).toEqual([{ issuer, added: [rsa.kid], withdrawn: [rsaNext.kid] }])
  })

  it('is nobody’s business when nobody asked to be told', async () => {
    let document: () => object = () => publicKeySet(rsa)
    const { keySet } = makeKeySet(() => document())
    await keySet.load()
    document = () => publicKeySet(rsaNext)
    await vi.advanceTimersByTimeAsync(60_001)
    expect((await keySet.load()).withId(rsaNext.kid)).toHaveLength(1)
  })
})

import { setImmediate as untilNextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { inTurns } from '../src/in-turns.ts'

const all = (begun: readonly unknown[], count: number) =>
  vi.waitFor(() => expect(begun).toHaveLength(count), { interval: 1 })

const oneByOne = (longestWaitMs: number, restTimes = 1) => inTurns({ most: 1, restTimes, longestWaitMs })

it('lets so many begin at once, and as many each time after, in the order in which they came', async () => {
  const myTurn = inTurns({ most: 2, restTimes: 1, longestWaitMs: 1_000 })
  const begun: number[] = []
  const seen: number[] = []
  const turns = Array.from({ length: 5 }, async (_, index) => {
    await myTurn()
    begun.push(index)
    await untilNextTurn()
    seen.push(begun.length)
  })
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  await Promise.all(turns)
  expect(begun).toEqual([0, 1, 2, 3, 4])
  expect(seen.at(-1)).toBe(5)
})

/** As many turns as others need, and some. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await untilNextTurn()
}

describe('when the rest is over', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('who comes later begins at once', async () => {
    const myTurn = oneByOne(1_000)
    await myTurn()
    await turns()
    vi.advanceTimersByTime(1_000)
    await turns()
    const begun: string[] = []
    void myTurn().then(() => begun.push('now'))
    await Promise.resolve()
    expect(begun).toEqual(['now'])
  })

  function beginBusyOnes(myTurn: () => Promise<void>, count: number): number[] {
    const begun: number[] = []
    const work = async (index: number) => {
      await myTurn()
      begun.push(index)
      const until = performance.now() + 4
      while (performance.now() < until) {
        // Busy.
      }
    }
    for (let index = 0; index < count; index += 1) void work(index)
    return begun
  }

  it.each([
    { restTimes: 1, tooEarlyMs: 3 },
    { restTimes: 100, tooEarlyMs: 399 },
  ])(
    'of those that keep the event loop busy the next begin, after $restTimes times as long as that',
    async ({ restTimes, tooEarlyMs }) => {
      const begun = beginBusyOnes(oneByOne(60_000, restTimes), 3)
      await turns()
      vi.advanceTimersByTime(tooEarlyMs)
      await turns()
      expect(begun).toEqual([0])
      vi.advanceTimersByTime(60_000)
      await turns()
      expect(begun).toEqual([0, 1])
    },
  )

  it.each([
    { afterMs: 12_000, expected: [0] },
    { afterMs: 13_334, expected: [0, 1] },
  ])('of 40 s each of three who wait has a third: after $afterMs ms $expected have begun', async (each) => {
    const begun = beginBusyOnes(oneByOne(40_000, 1_000_000), 4)
    await turns()
    vi.advanceTimersByTime(each.afterMs)
    await turns()
    expect(begun).toEqual(each.expected)
  })

  it('nobody waits for a rest longer than is allowed', async () => {
    const begun = beginBusyOnes(oneByOne(0), 3)
    await turns()
    expect(begun).toEqual([0, 1, 2])
  })
})

it('lets nobody overtake who waits', async () => {
  const myTurn = oneByOne(1_000)
  const begun: string[] = []
  for (const name of ['first', 'second', 'third']) void myTurn().then(() => begun.push(name))
  await untilNextTurn()
  void myTurn().then(() => begun.push('late'))
  await all(begun, 4)
  expect(begun).toEqual(['first', 'second', 'third', 'late'])
})

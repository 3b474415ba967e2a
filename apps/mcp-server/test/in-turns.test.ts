import { setTimeout as sleep, setImmediate as untilNextTurn } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { inTurns } from '../src/in-turns.ts'

const all = (begun: readonly unknown[], count: number) =>
  vi.waitFor(() => expect(begun).toHaveLength(count), { interval: 1 })

it('lets so many begin at once, and as many each time after, in the order in which they came', async () => {
  const myTurn = inTurns(2)
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

it('rests for as long as the event loop was busy', async () => {
  const myTurn = inTurns(1)
  const begunAt: number[] = []
  const work = async () => {
    await myTurn()
    begunAt.push(performance.now())
    while (performance.now() - (begunAt.at(-1) as number) < 4) {
      // Busy.
    }
  }
  for (let count = 0; count < 4; count += 1) void work()
  await all(begunAt, 4)
  const [, , third = 0, fourth = 0] = begunAt
  expect(fourth - third).toBeGreaterThanOrEqual(7)
})

it('lets who comes later begin at once', async () => {
  const myTurn = inTurns(1)
  await myTurn()
  await sleep(20)
  const begun: string[] = []
  void myTurn().then(() => begun.push('now'))
  await Promise.resolve()
  expect(begun).toEqual(['now'])
})

it('lets nobody overtake who waits', async () => {
  const myTurn = inTurns(1)
  const begun: string[] = []
  for (const name of ['first', 'second', 'third']) void myTurn().then(() => begun.push(name))
  await untilNextTurn()
  void myTurn().then(() => begun.push('late'))
  await all(begun, 4)
  expect(begun).toEqual(['first', 'second', 'third', 'late'])
})

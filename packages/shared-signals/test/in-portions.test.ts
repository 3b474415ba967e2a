import { performance } from 'node:perf_hooks'
import { beforeEach, expect, it, vi } from 'vitest'
import { inPortions } from '../src/in-portions.ts'

const rests: number[] = []
/** For how long the event loop was busy since the process began, in milliseconds. */
let busyMs = 0
/** The time, which passes during rests alone. */
let nowMs = 0
/** So much longer than asked for a rest takes, as on a machine that is busy otherwise. */
let overtimeMs = 0
/** What others keep the event loop busy with during a rest. */
const busyMeanwhileMs = 7

vi.mock('node:timers/promises', async (original) => ({
  ...(await original<object>()),
  setTimeout: async (ms: number) => {
    rests.push(ms)
    busyMs += busyMeanwhileMs
    nowMs += ms + overtimeMs
  },
}))

beforeEach(() => {
  rests.length = 0
  busyMs = 1_000
  overtimeMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  vi.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => ({ active: busyMs, idle: 0, utilization: 1 }))
})

const items = [1, 2, 3, 4, 5, 6]
const busyFor = (ms: number) => () => {
  busyMs += ms
}

it('hands over so many at a time, in order, the last of them as many as are left', async () => {
  const portions: (readonly number[])[] = []
  await inPortions(items, 4, (portion) => void portions.push(portion))
  expect(portions).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ])
})

it('lets whatever else waits have its turn between two portions', async () => {
  const seen: string[] = []
  setImmediate(() => seen.push('another'))
  await inPortions([1, 2], 1, ([item]) => void seen.push(`item ${item}`))
  expect(seen).toEqual(['item 1', 'another', 'item 2'])
})

it('does not rest where no rest is asked for', async () => {
  await inPortions(items, 2, busyFor(10))
  expect(rests).toEqual([])
})

it('rests so many times as long as the event loop was busy since the rest before, and not after the last portion', async () => {
  await inPortions(items, 2, busyFor(10), { times: 3, mostMsAnItem: 100 })
  expect(rests).toEqual([30, 30])
})

it('rests no longer than so many milliseconds for each item, all rests together, each as long as the others', async () => {
  await inPortions(items, 1, busyFor(10), { times: 2, mostMsAnItem: 7.5 })
  expect(rests).toEqual([9, 9, 9, 9, 9])
})

it('leaves to later rests what those before did not take', async () => {
  const busy = [1, 10, 10]
  await inPortions(items, 2, () => busyFor(busy.shift() ?? 0)(), { times: 2, mostMsAnItem: 2 })
  expect(rests).toEqual([2, 10])
})

it('takes from later rests what those before took longer', async () => {
  overtimeMs = 5
  await inPortions(items, 2, busyFor(10), { times: 2, mostMsAnItem: 3 })
  expect(rests).toEqual([9, 4])
})

it('rests no more once the rests before have taken all of the time', async () => {
  overtimeMs = 9
  await inPortions(items, 2, busyFor(10), { times: 2, mostMsAnItem: 3 })
  expect(rests).toEqual([9])
})

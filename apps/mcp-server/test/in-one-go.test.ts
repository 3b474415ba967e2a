import { expect, it, onTestFinished, vi } from 'vitest'
import { inOneGo } from '../src/in-one-go.ts'

const gatherMs = 50

/** Work that remembers what it was given, and fails where something bad is among it. */
function work() {
  const given: (readonly string[])[] = []
  const run = inOneGo<string>(async (items) => {
    given.push(items)
    if (items.includes('bad')) throw new Error('bad')
  }, gatherMs)
  return { given, run }
}

it('does what is asked for at once in one go, in its order', async () => {
  const { given, run } = work()
  await Promise.all([run(['a', 'b']), run(['c'])])
  expect(given).toEqual([['a', 'b', 'c']])
})

it('begins anew with the next turn', async () => {
  const { given, run } = work()
  await run(['a'])
  await run(['b'])
  expect(given).toEqual([['a'], ['b']])
})

it('waits for more while many come, and no longer once they do not', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { given, run } = work()
  const first = Promise.all([run(['a']), run(['b'])])
  await vi.runAllTimersAsync()
  await first
  const second = run(['c'])
  vi.advanceTimersByTime(gatherMs - 1)
  const third = run(['d'])
  expect(given).toEqual([['a', 'b']])
  await vi.runAllTimersAsync()
  await Promise.all([second, third])
  expect(given).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
})

it('fails nobody for the sake of another', async () => {
  const { given, run } = work()
  const outcomes = await Promise.allSettled([run(['a']), run(['bad']), run(['c'])])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(given).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']])
})

it('tells whoever asked alone of the failure, and does not try again', async () => {
  const { given, run } = work()
  await expect(run(['bad'])).rejects.toThrow('bad')
  expect(given).toEqual([['bad']])
})

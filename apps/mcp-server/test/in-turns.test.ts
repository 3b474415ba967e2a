import { setImmediate as untilNextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { inTurns } from '../src/http/in-turns.ts'

it('lets so many begin at once, and as many in each turn after, in the order in which they came', async () => {
  const myTurn = inTurns(2)
  const begun: number[] = []
  for (let index = 0; index < 5; index += 1) void myTurn().then(() => begun.push(index))
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  await untilNextTurn()
  expect(begun).toEqual([0, 1, 2, 3])
  await untilNextTurn()
  expect(begun).toEqual([0, 1, 2, 3, 4])
})

it('lets who comes in a later turn begin at once', async () => {
  const myTurn = inTurns(1)
  for (let turn = 0; turn < 3; turn += 1) {
    await myTurn()
    await untilNextTurn()
    await untilNextTurn()
  }
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
  for (let turn = 0; turn < 4; turn += 1) await untilNextTurn()
  expect(begun).toEqual(['first', 'second', 'third', 'late'])
})

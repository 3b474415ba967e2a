import { expect, it } from 'vitest'
import { createFrozenClock, frozenNow } from '../src/index.ts'

it('stands still until it is moved', () => {
  const clock = createFrozenClock()
  expect([clock(), clock()]).toEqual([frozenNow, frozenNow])
  clock.advance(5)
  expect(clock()).toBe(frozenNow + 5)
  clock.set(7)
  expect(clock()).toBe(7)
})

import { expect, it } from 'vitest'
import { createRandom } from '../../faults/random.ts'

const many = 10_000
const numbersOf = (seed: number) => Array.from({ length: many }, createRandom(seed).next)

it('gives the same numbers for the same seed, and others for another', () => {
  expect(numbersOf(7)).toEqual(numbersOf(7))
  expect(numbersOf(7)).not.toEqual(numbersOf(8))
})

it('spreads them evenly from 0 to below 1', () => {
  const numbers = numbersOf(7)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length / many
    expect(share).toBeGreaterThan(0.085)
    expect(share).toBeLessThan(0.115)
  }
})

it('has times from the least to the most, both included', () => {
  const random = createRandom(7)
  expect(new Set(Array.from({ length: 1_000 }, () => random.between(3, 5)))).toEqual(new Set([3, 4, 5]))
})

it('makes sequences for what goes on beside that depend on the seed and the name alone', () => {
  const used = createRandom(7)
  used.next()
  expect(used.fork('calls').next()).toBe(createRandom(7).fork('calls').next())
  expect(used.fork('calls').next()).not.toBe(used.fork('relay').next())
  expect(createRandom(8).fork('calls').next()).not.toBe(used.fork('calls').next())
})

it('refuses to choose from nothing', () => {
  expect(() => createRandom(7).choose([])).toThrow(TypeError)
})

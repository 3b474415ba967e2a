import { describe, expect, it } from 'vitest'
import { BoundedMap } from '../src/bounded-map.ts'

describe('a bounded map', () => {
  it('never holds more than it was told to', () => {
    const map = new BoundedMap<number>(100)
    for (let number = 0; number < 10_000; number += 1) {
      map.set(String(number), number)
      expect(map.size).toBeLessThanOrEqual(100)
    }
  })

  it('holds at least half of that, the newest', () => {
    const map = new BoundedMap<number>(100)
    for (let number = 0; number < 1000; number += 1) map.set(String(number), number)
    const newest = Array.from({ length: 50 }, (_, index) => 999 - index)
    expect(newest.map((number) => map.get(String(number)))).toEqual(newest)
  })

  it('never holds more bytes than it was told to', () => {
    const map = new BoundedMap<number>(1000, 1000)
    for (let number = 0; number < 100; number += 1) map.set(String(number), number, 100)
    expect(map.size).toBeLessThanOrEqual(10)
    expect(map.size).toBeGreaterThanOrEqual(5)
  })

  it('keeps what is used', () => {
    const map = new BoundedMap<number>(10)
    map.set('kept', 0)
    for (let number = 0; number < 100; number += 1) {
      map.set(String(number), number)
      expect(map.recall('kept', (value) => map.set('kept', value))).toBe(0)
    }
    expect(map.size).toBeLessThanOrEqual(10)
    expect(map.recall('gone', () => expect.unreachable())).toBeUndefined()
  })

  it('forgets one, or all', () => {
    const map = new BoundedMap<number>(4)
    for (const name of ['a', 'b', 'c']) map.set(name, 1)
    map.delete('a')
    expect(map.get('a')).toBeUndefined()
    map.clear()
    expect(map.size).toBe(0)
  })
})

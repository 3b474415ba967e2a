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

  it('keeps an entry that is only named again', () => {
    const map = new BoundedMap<number>(10)
    for (let number = 0; number < 100; number += 1) {
      map.touch('kept', 0)
      map.set(String(number), number)
      expect(map.get('kept')).toBe(0)
      expect(map.size).toBeLessThanOrEqual(10)
    }
  })

  it('forgets nothing for an entry that is only named again', () => {
    const map = new BoundedMap<number>(4)
    for (const name of ['a', 'b']) map.set(name, 1)
    map.touch('b', 1)
    for (const name of ['c', 'd']) map.set(name, 1)
    expect(map.get('a')).toBe(1)
  })

  it('holds its size exactly, and one entry more makes it forget the older half', () => {
    const map = new BoundedMap<string>(4, 100)
    for (const name of ['a', 'b', 'c', 'd']) map.set(name, name, 25)
    expect(map.size).toBe(4)
    map.set('e', 'e', 25)
    expect(['a', 'b', 'c', 'd', 'e'].filter((name) => map.get(name) !== undefined)).toEqual(['c', 'd', 'e'])
  })

  it('holds its bytes exactly, and one byte more makes it forget the older half', () => {
    const map = new BoundedMap<string>(100, 100)
    for (const name of ['a', 'b', 'c', 'd']) map.set(name, name, 25)
    expect(map.size).toBe(4)
    map.set('e', 'e', 1)
    expect(['a', 'b', 'c', 'd', 'e'].filter((name) => map.get(name) !== undefined)).toEqual(['c', 'd', 'e'])
  })

  it('has an entry once, whichever half it was in', () => {
    const map = new BoundedMap<string>(4)
    for (const name of ['a', 'b', 'c', 'a']) map.set(name, name)
    expect(map.size).toBe(3)
  })
})

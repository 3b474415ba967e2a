import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { assumed, measured } from '../src/measured.ts'
import { size } from '../src/size.ts'
import { remediesTable, sizingTable } from '../src/table.ts'

const company = { people: 5_000, callsPerSecond: 500 }
const costs = { ...measured, callMs: 0.1, verifyMs: 0, refreshMs: 10, signInMs: 0, eventsMs: 0 }

describe('a size', () => {
  it('has two of everything, even for one person', () => {
    expect(size({ people: 1, callsPerSecond: 1 })).toMatchObject({ replicas: 2, keycloakNodes: 2 })
  })

  it.each([
    [10_000, 2],
    [10_001, 3],
  ])('%i calls a second of 0.1 ms on cores that are half used take %i replicas', (callsPerSecond, replicas) => {
    expect(size({ people: 1, callsPerSecond }, costs).replicas).toBe(replicas)
  })

  it.each([
    [600_000, 2],
    [600_001, 3],
  ])('%i people who refresh every five minutes for 10 ms take %i nodes of four cores', (people, nodes) => {
    expect(size({ people, callsPerSecond: 1 }, costs).keycloakNodes).toBe(nodes)
  })

  it('needs nothing for tokens that are remembered, and their verification beyond that', () => {
    const calls = { callsPerSecond: 100_000 }
    const known = size({ people: 50_000, ...calls }, { ...costs, verifyMs: 0.1 })
    const forgotten = size({ people: 100_000, ...calls }, { ...costs, verifyMs: 0.1 })
    expect([known.replicas, forgotten.replicas]).toEqual([20, 30])
  })

  it('grows with people and with calls', () => {
    const small = size(company)
    for (const larger of [size({ ...company, people: 500_000 }), size({ ...company, callsPerSecond: 50_000 })]) {
      expect(larger.replicas).toBeGreaterThanOrEqual(small.replicas)
      expect(larger.keycloakNodes).toBeGreaterThanOrEqual(small.keycloakNodes)
    }
  })

  it('uses no part beyond its share of a core', () => {
    for (const people of [1, 1_000, 1_000_000])
      for (const callsPerSecond of [1, 1_000, 100_000])
        expect(size({ people, callsPerSecond }).fullFirst.utilisation).toBeLessThanOrEqual(assumed.utilisation)
  })

  it.each([
    { people: 0, callsPerSecond: 1 },
    { people: 1, callsPerSecond: -1 },
    { people: Number.NaN, callsPerSecond: 1 },
  ])('of %j is refused', (demand) => expect(() => size(demand)).toThrow(RangeError))
})

it('the page holds the tables that the model makes, and every figure that goes in', () => {
  const page = readFileSync(new URL('../../../docs/sizing.md', import.meta.url), 'utf8')
  expect(page).toContain(sizingTable())
  expect(page).toContain(remediesTable())
  for (const value of Object.values(measured)) expect(page.split(/\s/)).toContain(value.toLocaleString('en'))
})

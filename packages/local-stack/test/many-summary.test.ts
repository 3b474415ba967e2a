import { expect, it } from 'vitest'
import { isUnharmed, linesOfMany, summarizeMany } from '../bench/many-summary.ts'

interface RoundFigures {
  deniedAfterMs?: number
  beforeP99?: number
  duringP99?: number
  allowedAfterwards?: number
  refused?: number
  failed?: number
  failedAfter?: number
}

function round(figures: RoundFigures = {}) {
  const { deniedAfterMs = 4_000, beforeP99 = 8, duringP99 = 12, allowedAfterwards = 0 } = figures
  const load = (p99: number) => ({
    milliseconds: { count: 400, least: 1, p50: 2, p95: 4, p99, most: 2 * p99 },
    refused: 0,
    failed: 0,
  })
  return {
    deniedAfterMs: [1_000, deniedAfterMs],
    allowedAfterwards,
    toldMs: 3_900,
    before: load(beforeP99),
    during: { ...load(duringP99), refused: figures.refused ?? 0, failed: figures.failed ?? 0 },
    after: { ...load(beforeP99), failed: figures.failedAfter ?? 0 },
    processorMs: { before: {}, during: { 'MCP server': 1_500 } },
  }
}

const summaryOf = (...rounds: RoundFigures[]) => summarizeMany(10_000, rounds.map(round))

it('judges how much slower others were answered by the median of the rounds', () => {
  expect(summaryOf({ duringP99: 800 }, { duringP99: 12 }, { duringP99: 14 })).toMatchObject({
    growth: [100, 1.5, 1.75],
    medianGrowth: 1.75,
  })
})

it('takes the mean of the two in the middle of an even number of rounds', () => {
  expect(summaryOf({ duringP99: 12 }, { duringP99: 16 }).medianGrowth).toBe(1.75)
})

it('compares each round with the calls before it', () => {
  expect(summaryOf({ beforeP99: 10, duringP99: 15 }).growth).toEqual([1.5])
})

it('holds less than twofold for unharmed, and twofold for harmed', () => {
  expect(isUnharmed(summaryOf({ duringP99: 15.9 }))).toBe(true)
  expect(isUnharmed(summaryOf({ duringP99: 16 }))).toBe(false)
})

it('wants everybody denied within five seconds in every round', () => {
  expect(isUnharmed(summaryOf({}, { deniedAfterMs: 4_999 }, {}))).toBe(true)
  expect(isUnharmed(summaryOf({}, { deniedAfterMs: 5_000 }, {}))).toBe(false)
})

it.each([{ allowedAfterwards: 1 }, { refused: 1 }, { failed: 1 }, { failedAfter: 1 }])(
  'counts %o in one of the rounds as harm',
  (harm) => {
    expect(isUnharmed(summaryOf({}, harm, {}))).toBe(false)
  },
)

it('prints a line for each round and one for all', () => {
  const lines = linesOfMany(summaryOf({}, { deniedAfterMs: 4_500 }, {}))
  expect(lines).toHaveLength(4)
  expect(lines[1]).toContain('all denied after 4500 ms')
  expect(lines[3]).toBe(
    "10000 disabled in one go, 3 rounds: all denied within 4500 ms, others' p99 1.5 times that of before (median)",
  )
})

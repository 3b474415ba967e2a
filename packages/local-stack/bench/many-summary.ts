import type { ManyDisabled } from './disable-many.ts'

/** Within which everybody has to be denied at every replica, in milliseconds. */
const boundMs = 5_000
/** How much the p99 of others may grow meanwhile, in the median of the rounds. */
const mostGrowth = 2

/** How rounds of many who were disabled in one go went, altogether. */
export interface ManySummary {
  people: number
  rounds: readonly ManyDisabled[]
  /** The longest of all rounds, in milliseconds. */
  deniedWithinMs: number
  /** The p99 of others, from the first signal to the answer to the last over before: of each round. */
  growth: readonly number[]
  /** Median of those: the p99 of one round is the fifth slowest call, and one moment at which the machine stands still makes more slow. */
  medianGrowth: number
}

/** @param rounds At least one. */
export function summarizeMany(people: number, rounds: readonly ManyDisabled[]): ManySummary {
  const growth = rounds.map(({ before, during }) => during.milliseconds.p99 / before.milliseconds.p99)
  return {
    people,
    rounds,
    deniedWithinMs: Math.max(...rounds.flatMap(({ deniedAfterMs }) => deniedAfterMs)),
    growth: growth.map(toHundredths),
    medianGrowth: toHundredths(medianOf(growth)),
  }
}

/** Everybody denied within the bound in every round, everybody else answered, and nearly as fast as before. */
export function isUnharmed({ rounds, deniedWithinMs, medianGrowth }: ManySummary): boolean {
  const notAnswered = ({ refused, failed }: ManyDisabled['during']): number => refused + failed
  const harm = rounds.map(
    ({ allowedAfterwards, during, after }) => allowedAfterwards + notAnswered(during) + notAnswered(after),
  )
  return deniedWithinMs < boundMs && medianGrowth < mostGrowth && harm.every((count) => count === 0)
}

/** One line a round, and one for all. */
export function linesOfMany({ people, rounds, growth, deniedWithinMs, medianGrowth }: ManySummary): string[] {
  const lines = rounds.map(({ deniedAfterMs, allowedAfterwards, before, during, processorMs }, index) => {
    const denied = `all denied after ${Math.max(...deniedAfterMs)} ms, ${allowedAfterwards} allowed after it`
    const others = `others' p99 ${before.milliseconds.p99} ms before, ${during.milliseconds.p99} ms meanwhile (${growth[index]} times), ${during.refused + during.failed} not answered`
    return `round ${index + 1}: ${denied}; ${others}; processor ms ${JSON.stringify(processorMs.during)}`
  })
  return [
    ...lines,
    `${people} disabled in one go, ${rounds.length} rounds: all denied within ${deniedWithinMs} ms, others' p99 ${medianGrowth} times that of before (median)`,
  ]
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (lower + upper) / 2
}

function toHundredths(value: number): number {
  return Math.round(value * 100) / 100
}

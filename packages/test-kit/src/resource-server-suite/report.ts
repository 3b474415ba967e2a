import type { CheckResult } from './check.ts'

const MARKS = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const

/** How many checks came out how; a server passes when no `must` failed. */
export interface SuiteSummary {
  readonly passed: number
  readonly failedMust: number
  readonly failedShould: number
  readonly skipped: number
}

/** Counts results. */
export function summarize(results: readonly CheckResult[]): SuiteSummary {
  const count = (matches: (result: CheckResult) => boolean): number => results.filter(matches).length
  return {
    passed: count(({ outcome }) => outcome === 'passed'),
    failedMust: count(({ outcome, level }) => outcome === 'failed' && level === 'must'),
    failedShould: count(({ outcome, level }) => outcome === 'failed' && level === 'should'),
    skipped: count(({ outcome }) => outcome === 'skipped'),
  }
}

/** The results as lines for people. */
export function describeResults(results: readonly CheckResult[]): string {
  const lines = results.flatMap(({ id, rule, source, level, outcome, details }) => {
    const line = `${MARKS[outcome]} ${id.padEnd(44)} ${rule}${level === 'should' ? ' (should)' : ''}`
    if (outcome === 'failed') return [line, ...details.map((detail) => `       ${detail}`), `       ${source}`]
    return outcome === 'skipped' ? [`${line}; needs ${details.join(', ')}`] : [line]
  })
  const { passed, failedMust, failedShould, skipped } = summarize(results)
  const totals = `${passed} passed, ${failedMust} of "must" failed, ${failedShould} of "should" failed, ${skipped} skipped`
  return [...lines, '', totals].join('\n')
}

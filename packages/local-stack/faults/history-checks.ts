import { type CheckOptions, checkHistory, type Rule } from './check-history.ts'
import type { HistoryEntry } from './history.ts'
import { boundMs, type ScenarioResult } from './scenario.ts'

const rulesWith = (exceptions: string): Record<Rule, string> => ({
  allowed_after_denial: 'a replica never allows a token that it denied',
  allowed_after_bound: `nothing that ended is allowed later than ${boundMs} ms after the answer${exceptions}`,
  revived: 'enabling a person revives no old token',
  harmed: 'nobody else is refused',
})
const mostTold = 3

/** The rules of a history, as checks of a scenario. */
export function historyChecks(
  history: readonly HistoryEntry[],
  boundMsOf: NonNullable<CheckOptions['boundMsOf']> = {},
): ScenarioResult['checks'] {
  const violations = checkHistory(history, { boundMs, boundMsOf })
  const exceptions = Object.entries(boundMsOf).map(([by, bound]) => `, by ${by} than ${bound} ms`)
  return Object.entries(rulesWith(exceptions.join(''))).map(([name, rule]) => {
    const broken = violations.filter((violation) => violation.rule === name)
    const told = broken.slice(0, mostTold).map(({ what }) => what)
    return {
      rule,
      holds: broken.length === 0,
      seen: [`${broken.length} violations`, ...told].join('; '),
    }
  })
}

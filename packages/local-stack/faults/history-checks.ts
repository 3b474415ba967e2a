import { checkHistory, type Rule } from './check-history.ts'
import type { HistoryEntry } from './history.ts'
import { boundMs, type ScenarioResult } from './scenario.ts'

const rules: Record<Rule, string> = {
  allowed_after_denial: 'a replica never allows a token that it denied',
  allowed_after_bound: `nothing that ended is allowed later than ${boundMs} ms after the answer`,
  revived: 'enabling a person revives no old token',
  harmed: 'nobody else is refused',
}
const mostTold = 3

/** The rules of a history, as checks of a scenario. */
export function historyChecks(history: readonly HistoryEntry[], bound = boundMs): ScenarioResult['checks'] {
  const violations = checkHistory(history, { boundMs: bound })
  return Object.entries(rules).map(([name, rule]) => {
    const broken = violations.filter((violation) => violation.rule === name)
    const told = broken.slice(0, mostTold).map(({ what }) => what)
    return {
      rule,
      holds: broken.length === 0,
      seen: [`${broken.length} violations`, ...told].join('; '),
    }
  })
}

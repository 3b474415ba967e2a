import type { PolicyCall, PolicyContext, PolicyDecision } from './decision.ts'
import { parseLocalTime } from './local-time.ts'
import { parseRecord } from './parse-record.ts'
import type { PeopleFile } from './people.ts'
import type { PolicyEngine } from './policy-engine.ts'

export interface PolicyTestReport {
  rows: number
  /** One sentence for each row that did not turn out as written. */
  failures: string[]
  /** Policies that decided no row. */
  untested: string[]
}

const columns = ['who', 'tool', 'record', 'when', 'verdict', 'policies']
const usualTime = '2026-11-23T10:00'

/**
 * Runs policy tests that are written as tables in Markdown: who, tool, record, when, verdict, policies.
 *
 * `when` is local to the person and may add `approved` or `emergency`. The verdict is `allowed` or
 * `denied (reason)`; the policies are all that decided, separated by commas. Text around the tables is ignored.
 *
 * @throws {TypeError} A table has other columns, or names an unknown person, tool, attribute or time.
 */
export function runPolicyTests(engine: PolicyEngine, people: PeopleFile, markdown: string): PolicyTestReport {
  const decided = new Set<string>()
  const failures: string[] = []
  const rows = readTables(markdown)
  for (const row of rows) {
    const decision = engine.decide(callOf(row, engine, people))
    for (const policy of decision.policies) decided.add(policy)
    const found = [verdictOf(decision), decision.policies.toSorted().join(', ')]
    const expected = [row.verdict, splitList(row.policies).toSorted().join(', ')]
    if (found.join(' by ') !== expected.join(' by ')) {
      failures.push(
        `line ${row.line}: ${row.who} ${row.tool}: expected ${expected.join(' by ')}, found ${found.join(' by ')}`,
      )
    }
  }
  const untested = [...engine.policies.keys()].filter((name) => !decided.has(name))
  return { rows: rows.length, failures, untested }
}

interface Row {
  line: number
  who: string
  tool: string
  record: string
  when: string
  verdict: string
  policies: string
}

function readTables(markdown: string): Row[] {
  const rows: Row[] = []
  for (const [index, text] of markdown.split('\n').entries()) {
    if (!text.startsWith('|') || /^[|\s:-]+$/.test(text)) continue
    const cells = text
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    if (cells.length !== columns.length) throw new TypeError(`line ${index + 1}: expected ${columns.join(', ')}`)
    if (cells.join() === columns.join()) continue
    const [who = '', tool = '', record = '', when = '', verdict = '', policies = ''] = cells
    rows.push({ line: index + 1, who, tool, record, when, verdict, policies })
  }
  return rows
}

function callOf(row: Row, engine: PolicyEngine, people: PeopleFile): PolicyCall {
  const caller = people.get(row.who)
  if (caller === undefined) throw new TypeError(`line ${row.line}: nobody is called ${row.who}`)
  const [time = usualTime, ...circumstances] = row.when === '' ? [usualTime] : splitList(row.when)
  const context: PolicyContext = {
    at: parseLocalTime(time, caller.zoneinfo),
    approved: circumstances.includes('approved'),
    breakGlass: circumstances.includes('emergency'),
  }
  const resource = parseRecord(row.record, row.tool, engine.schema.model)
  return { caller, tool: row.tool, context, ...(resource && { resource }) }
}

function verdictOf(decision: PolicyDecision): string {
  return decision.outcome === 'allowed' ? 'allowed' : `denied (${decision.reason})`
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

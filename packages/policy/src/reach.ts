import type { PolicyCaller } from './caller.ts'
import type { PolicyContext } from './decision.ts'
import type { PeopleFile } from './people.ts'
import type { PolicyEngine } from './policy-engine.ts'
import { seeField } from './policy-model.ts'
import type { RowFilter } from './row-filter.ts'

/** What one caller may do with one tool, and why. */
export interface Reach {
  who: string
  tool: string
  /** `sometimes`: only under conditions that the policies named in `policies` state. */
  access: 'always' | 'sometimes' | 'never'
  /** Which records, in business hours. */
  rows: RowFilter
  /** Policies that permit it, always or under conditions. */
  policies: string[]
  /** Why it is never allowed, or what the conditions are. */
  because: string
}

/** Everything that people and services can reach, for an access review. */
export interface AccessMatrix {
  version: string
  reach: Reach[]
  /** Tools that nobody in the list can use. */
  reachedByNobody: string[]
  /** Tools that everybody in the list can use on every record, at any hour. */
  reachedByEverybody: string[]
}

/** Circumstances that policies can see, from the most to the least favourable. */
const circumstances: readonly { name: string; context: Omit<PolicyContext, 'at'>; isOpen: boolean }[] = [
  { name: 'in business hours', context: {}, isOpen: true },
  { name: 'outside business hours', context: {}, isOpen: false },
]

/**
 * Asks the policies for every caller and tool, in and outside the caller's business hours, and says what each can
 * reach and why. Layers that the callers' data speak of (scopes, live roles) are asked as well.
 *
 * @param at Any instant; the next business hours and the next time without are found from it.
 */
export function accessMatrix(engine: PolicyEngine, people: PeopleFile, at: number): AccessMatrix {
  const tools = Object.keys(engine.schema.model.tools).filter((tool) => tool !== seeField)
  const reach = [...people].flatMap(([who, caller]) => tools.map((tool) => reachOf(engine, who, caller, tool, at)))
  const byTool = (tool: string, test: (each: Reach) => boolean) =>
    reach.filter((each) => each.tool === tool).every(test)
  return {
    version: engine.version,
    reach,
    reachedByNobody: tools.filter((tool) => byTool(tool, ({ access }) => access === 'never')),
    reachedByEverybody: tools.filter((tool) =>
      byTool(tool, ({ access, rows }) => access === 'always' && rows === 'all'),
    ),
  }
}

function reachOf(engine: PolicyEngine, who: string, caller: PolicyCaller, tool: string, at: number): Reach {
  const resourceType = engine.schema.model.tools[tool]?.resourceType ?? ''
  const found = circumstances.map(({ name, context, isOpen }) => {
    const full = { ...context, at: instantThatIs(isOpen, engine, caller, at) }
    const decision = engine.decide({ caller, tool, context: full })
    return { name, decision, rows: engine.rowFilter({ caller, action: tool, resourceType, context: full }) }
  })
  const allowed = found.filter(({ decision }) => decision.outcome === 'allowed')
  const policies = [...new Set(allowed.flatMap(({ decision }) => decision.policies))]
  const [best] = allowed
  if (best === undefined) {
    const [first] = found
    const because = first?.decision.outcome === 'denied' ? first.decision.explanation : ''
    return { who, tool, access: 'never', rows: 'none', policies, because }
  }
  const refusals = found.flatMap(({ decision }) => (decision.outcome === 'denied' ? [decision.explanation] : []))
  const some = typeof best.rows !== 'string' ? conditionsOnRecords(engine, caller, tool, policies, at) : []
  const conditions = [...new Set([...refusals, ...some])]
  return {
    who,
    tool,
    access: conditions.length === 0 ? 'always' : 'sometimes',
    rows: best.rows,
    policies,
    because: conditions.join(' '),
  }
}

/** What the permits say about other records, and the forbids that stop some of them. */
function conditionsOnRecords(
  engine: PolicyEngine,
  caller: PolicyCaller,
  tool: string,
  permits: readonly string[],
  at: number,
): string[] {
  const context = { at: instantThatIs(true, engine, caller, at) }
  const forbids = engine
    .explainWhatIf({ caller, tool, context })
    .policies.filter(({ effect, standing }) => effect === 'forbid' && standing === 'on some records')
  const names = [...permits, ...forbids.map(({ name }) => name)]
  return names.flatMap((name) => engine.policies.get(name)?.refusal || [])
}

/** An instant near `at` that is, or is not, in the caller's business hours. */
function instantThatIs(open: boolean, engine: PolicyEngine, caller: PolicyCaller, at: number): number {
  const now = engine.hours.at(caller, at)
  if (now.open === open) return at
  if (now.open) return now.until
  const opening = engine.hours.nextOpening(caller, at)
  return opening === undefined ? at : Date.parse(opening) / 1000
}

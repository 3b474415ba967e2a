import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { callerType, type PolicyCaller } from './caller.ts'
import { type HeadFacts, headMatches, namesGroup, withoutMatchedHead } from './policy-heads.ts'
import type { PolicyModel } from './policy-model.ts'
import type { Policy, PolicySet } from './policy-set.ts'
import { createMemory } from './remembered.ts'
import { type Visibility, visibleTo } from './visibility.ts'

/**
 * The policies whose heads speak of a caller and a tool, and what is left for them to see. The others cannot decide.
 * What was found out of their heads is taken from them, so that Cedar need not be told of groups and actions again.
 */
export interface PolicySlice {
  /** Name under which Cedar keeps the prepared policies. */
  preparedId: string
  policies: Record<string, cedar.Policy>
  visibility: Visibility
  facts: HeadFacts
}

interface Rest {
  name: string
  json: cedar.PolicyJson
  source: cedar.Policy
}

const preparedSlices = 200
/** Whole numbers that JSON would round. */
const largeNumber = /\d{16}/

/**
 * A policy without the part of its head that was matched; as it is where JSON could not hold it exactly.
 *
 * For a caller whose groups are unknown a forbid has to hold for members of any group: one that asks for groups in its
 * conditions, or could not be rewritten, forbids whatever the conditions say.
 */
function restOf({ name, text, json, effect }: Policy, { groupsUnknown }: HeadFacts): Rest {
  const isExact = !largeNumber.test(text)
  if (groupsUnknown && effect === 'forbid' && (namesGroup(json.conditions) || !isExact)) {
    const always = { ...withoutMatchedHead(json), conditions: [] }
    return { name, json: always, source: always }
  }
  if (!isExact) return { name, json, source: text }
  const rest = withoutMatchedHead(json)
  return { name, json: rest, source: rest }
}

/**
 * Makes the function that finds the slice for a caller and a tool.
 *
 * A policy whose head does not match is not satisfied whatever its conditions, so leaving it out changes no decision.
 * A test compares decisions with those of the whole set.
 * Up to 200 different slices are prepared; callers in rarer positions are decided by the whole set.
 */
export function createSlicer(set: PolicySet, model: PolicyModel) {
  const policies = [...set.policies.values()]
  const seen = visibleTo(policies)
  const whole = { preparedId: set.preparedId, policies: set.texts, visibility: { ...seen, action: true } }
  const named = seen.principal.groups
  const actions = new Map(
    Object.entries(model.tools).map(([name, tool]) => [name, new Set([name, ...(tool.groups ?? [])])]),
  )
  const prepared = new Map<string, Omit<PolicySlice, 'facts'>>()
  const remember = createMemory<PolicySlice>(5000)

  function sliceOf(facts: HeadFacts): PolicySlice {
    const members = policies.filter((policy) => headMatches(policy, facts))
    const key = `${facts.groupsUnknown} ${members.map(({ name }) => name).join(' ')}`
    const known = prepared.get(key)
    if (known !== undefined) return { ...known, facts }
    // The whole set cannot stand for unknown groups; of those slices there are no more than kinds of callers and tools.
    if (prepared.size >= preparedSlices && !facts.groupsUnknown) return { ...whole, facts }
    const rest = members.map((policy) => restOf(policy, facts))
    const seenByRest = visibleTo(rest)
    const slice = {
      preparedId: `${set.preparedId}-${prepared.size}`,
      policies: Object.fromEntries(rest.map(({ name, source }) => [name, source])),
      visibility: { ...seenByRest, action: seenByRest.action || rest.some(({ source, json }) => source !== json) },
    }
    const answer = cedar.preparsePolicySet(slice.preparedId, { staticPolicies: slice.policies })
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '))
    prepared.set(key, slice)
    return { ...slice, facts }
  }

  return (caller: PolicyCaller, tool: string): PolicySlice => {
    const type = Object.hasOwn(callerType, caller.kind) ? callerType[caller.kind] : undefined
    if (type === undefined) throw new TypeError(`no such kind of caller: ${String(caller.kind)}`)
    const groupsUnknown = !Array.isArray(caller.groups)
    const groups = (caller.groups ?? []).filter((group) => named.has(group)).sort()
    return remember(JSON.stringify([tool, type, groups, groupsUnknown]), () =>
      sliceOf({
        callerType: type,
        groups: new Set(groups),
        groupsUnknown,
        actions: actions.get(tool) ?? new Set([tool]),
      }),
    )
  }
}

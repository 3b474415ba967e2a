import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { callerType, type PolicyCaller } from './caller.ts'
import { type HeadFacts, headMatches } from './policy-heads.ts'
import type { PolicyModel } from './policy-model.ts'
import type { PolicySet } from './policy-set.ts'
import { createMemory } from './remembered.ts'
import { type Visibility, visibleTo } from './visibility.ts'

/** The policies whose heads can speak of a caller and a tool, and what they can see. The others cannot decide. */
export interface PolicySlice {
  /** Name under which Cedar keeps the prepared policies. */
  preparedId: string
  texts: Record<string, string>
  visibility: Visibility
  facts: HeadFacts
}

const preparedSlices = 200

/**
 * Makes the function that finds the slice for a caller and a tool.
 *
 * A policy whose head does not match is not satisfied whatever its conditions, so leaving it out changes no decision.
 * Up to 200 different slices are prepared; callers in rarer positions are decided by the whole set.
 */
export function createSlicer(set: PolicySet, model: PolicyModel) {
  const policies = [...set.policies.values()]
  const whole = { preparedId: set.preparedId, texts: set.texts, visibility: visibleTo(policies) }
  const named = whole.visibility.principal.groups
  const actions = new Map(
    Object.entries(model.tools).map(([name, tool]) => [name, new Set([name, ...(tool.groups ?? [])])]),
  )
  const prepared = new Map<string, Omit<PolicySlice, 'facts'>>()
  const remember = createMemory<PolicySlice>(5000)

  function sliceOf(facts: HeadFacts): PolicySlice {
    const members = policies.filter((policy) => headMatches(policy, facts))
    const key = members.map(({ name }) => name).join(' ')
    const known = prepared.get(key)
    if (known !== undefined) return { ...known, facts }
    if (prepared.size >= preparedSlices) return { ...whole, facts }
    const slice = {
      preparedId: `${set.preparedId}-${prepared.size}`,
      texts: Object.fromEntries(members.map(({ name, text }) => [name, text])),
      visibility: visibleTo(members),
    }
    const answer = cedar.preparsePolicySet(slice.preparedId, { staticPolicies: slice.texts })
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '))
    prepared.set(key, slice)
    return { ...slice, facts }
  }

  return (caller: PolicyCaller, tool: string): PolicySlice => {
    const type = Object.hasOwn(callerType, caller.kind) ? callerType[caller.kind] : undefined
    if (type === undefined) throw new TypeError(`no such kind of caller: ${String(caller.kind)}`)
    const groups = (caller.groups ?? []).filter((group) => named.has(group)).sort()
    return remember(JSON.stringify([tool, type, groups]), () =>
      sliceOf({ callerType: type, groups: new Set(groups), actions: actions.get(tool) ?? new Set([tool]) }),
    )
  }
}

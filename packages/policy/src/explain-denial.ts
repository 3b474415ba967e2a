import type { CedarRequest } from './cedar-request.ts'
import type { DeniedDecision, PolicyCall } from './decision.ts'
import type { Evaluation } from './evaluator.ts'
import { groupsPermitted, headMatches } from './policy-heads.ts'
import type { Policy } from './policy-set.ts'

export type Denial = Pick<DeniedDecision, 'reason' | 'policies' | 'explanation'>

/** Group of everyone; it grants nothing and is not worth a word. */
const everyone = 'All Staff'

/**
 * Why the policies denied a call: the forbids that did; or else the permits that speak of this caller and tool but
 * whose condition was missing; or else which groups it takes.
 */
export function explainDenial(
  call: PolicyCall,
  request: CedarRequest,
  found: Evaluation,
  policies: ReadonlyMap<string, Policy>,
): Denial {
  if (found.errors.length > 0) return policyError(call.tool, found.errors)
  const forbids = found.reasons.flatMap((name) => policies.get(name) ?? [])
  const stopped = forbids.length > 0 ? forbids : nearMisses(call, request, policies)
  if (stopped.length === 0) return { reason: 'policy', policies: [], explanation: whatItTakes(call, request, policies) }
  const sentences = new Set(stopped.map((policy) => (isGuess(policy, request) ? groupsUnknown : policy.refusal)))
  return { reason: 'policy', policies: stopped.map(({ name }) => name), explanation: [...sentences].join(' ') }
}

const groupsUnknown = 'Your access token does not say which groups you are in, and members of some may not do this.'

/** The forbid is about a group that the caller may be in, for all that is known. */
function isGuess({ effect, json }: Policy, { slice }: CedarRequest): boolean {
  return effect === 'forbid' && slice.facts.groupsUnknown && json.principal.op !== 'All' && json.principal.op !== 'is'
}

export function policyError(tool: string, policies: readonly string[]): Denial {
  const explanation = `${tool} is refused because a policy could not be evaluated.`
  return { reason: 'policy_error', policies: [...policies], explanation }
}

/** A permit for all callers speaks of nobody in particular, except of those who are in no group. */
function nearMisses(call: PolicyCall, request: CedarRequest, policies: ReadonlyMap<string, Policy>): Policy[] {
  const groupless = (call.caller.groups ?? []).length === 0
  return [...policies.values()].filter(
    (policy) =>
      policy.effect === 'permit' &&
      policy.refusal !== undefined &&
      policy.refusal !== '' &&
      (groupless || policy.json.principal.op !== 'All') &&
      headMatches(policy, request.slice.facts),
  )
}

function whatItTakes(call: PolicyCall, request: CedarRequest, policies: ReadonlyMap<string, Policy>): string {
  const own = (call.caller.groups ?? []).filter((group) => group !== everyone)
  const needed = groupsPermitted(policies.values(), request.slice.facts.actions)
  const hint = needed.length === 0 ? '' : ` It takes membership of ${inWords(needed, 'disjunction')}.`
  if (own.length === 0) return `No group of yours grants ${call.tool}.${hint}`
  return `Membership of ${inWords(own)} does not grant ${call.tool}.${hint}`
}

/** `a`, `a and b`, `a, b, and c`. */
export function inWords(names: readonly string[], type: 'conjunction' | 'disjunction' = 'conjunction'): string {
  return new Intl.ListFormat('en', { type }).format(names)
}

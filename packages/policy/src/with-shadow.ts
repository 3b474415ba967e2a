import type { PolicyCall, PolicyDecision } from './decision.ts'
import type { PolicyEngine } from './policy-engine.ts'

/** A call that two sets of policies decide differently. */
export interface ShadowDifference {
  call: PolicyCall
  live: PolicyDecision
  candidate: PolicyDecision
}

/**
 * Lets a candidate set decide every call beside the live one. Only the live decision counts; where outcomes differ,
 * or the same outcome has other policies, the difference is reported.
 *
 * What the candidate or `onDifference` throws is handed to `onError` and never reaches the caller.
 */
export function withShadow(
  live: PolicyEngine,
  candidate: Pick<PolicyEngine, 'decide'>,
  onDifference: (difference: ShadowDifference) => void,
  onError: (cause: unknown) => void = () => {},
): PolicyEngine {
  function compare(call: PolicyCall, decided: PolicyDecision): void {
    try {
      const other = candidate.decide(call)
      const same = other.outcome === decided.outcome && other.policies.join() === decided.policies.join()
      if (!same) onDifference({ call, live: decided, candidate: other })
    } catch (cause) {
      onError(cause)
    }
  }

  return {
    ...live,
    get version() {
      return live.version
    },
    get policies() {
      return live.policies
    },
    get hours() {
      return live.hours
    },
    decide(call) {
      const decided = live.decide(call)
      compare(call, decided)
      return decided
    },
  }
}

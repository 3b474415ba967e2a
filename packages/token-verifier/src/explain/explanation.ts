import type { Provider } from '../providers/issuer-profile.ts'
import type { TokenRefusalReason } from '../token-error.ts'

/** Who has to change something. */
export type Side = 'client' | 'authorization server' | 'resource server'

/** What to change, and on which side. */
export interface Advice {
  readonly side: Side
  readonly change: string
}

/** The checks of an explanation, in their order. */
export type CheckName = 'shape and header' | 'issuer' | 'signature' | 'claims' | 'sender constraint' | 'lifetime'

/** What came of one check. */
export interface CheckResult {
  readonly check: CheckName
  /** `not judged`: there was nothing to judge by, or an earlier check has to pass first. */
  readonly outcome: 'passed' | 'failed' | 'not judged'
  readonly reason?: TokenRefusalReason
  readonly finding: string
  readonly advice?: Advice
}

/** One line about a token, with nothing in it that could be used or that tells who she is. */
export interface Fact {
  readonly name: string
  readonly value: string
}

/** What can be said about a token. Safe to paste into a ticket: it holds no token, signature, name or address. */
export interface Explanation {
  readonly verdict: 'accepted' | 'refused' | 'not judged'
  /** Whose dialect the token was read in. */
  readonly provider: Provider | undefined
  readonly facts: readonly Fact[]
  readonly checks: readonly CheckResult[]
}

import type { Need } from './need.ts'
import type { Subject } from './subject.ts'

/** One rule for a resource server, and how to find out whether it is kept. */
export interface Check {
  /** Stable: `group.name`. */
  readonly id: string
  /** To be read after "the resource server". */
  readonly rule: string
  /** Where the rule is written. */
  readonly source: string
  /** `must`: an absolute requirement or a hole if it is missing. `should`: good practice. */
  readonly level: 'must' | 'should'
  readonly needs: readonly Need[]
  /** The problems found; none when the rule is kept. */
  readonly run: (subject: Subject) => Promise<readonly string[]>
}

/** What became of a check. */
export interface CheckResult {
  readonly id: string
  readonly rule: string
  readonly source: string
  readonly level: 'must' | 'should'
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Problems when it failed, missing needs when it was skipped. */
  readonly details: readonly string[]
}

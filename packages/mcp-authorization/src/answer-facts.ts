import type { ChallengeScheme } from './challenge.ts'

/** What goes into every answer to one request. */
export interface AnswerFacts {
  /** The scheme that a challenge asks for. */
  readonly scheme: ChallengeScheme
  /** Kept by no cache, readable for the page that asked. */
  readonly headers: Readonly<Record<string, string>>
}

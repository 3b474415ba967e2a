import type { ChallengeScheme } from './challenge.ts'

/** What goes into every answer to one request. */
export interface AnswerFacts {
  /** The scheme that a challenge asks for. */
  readonly scheme: ChallengeScheme
  /** Kept by no cache, readable for the page that asked. */
  readonly headers: Readonly<Record<string, string>>
  /** The metadata of the spelling of the resource that was asked for (RFC 9728 section 3.3). */
  readonly resourceMetadata: string
}

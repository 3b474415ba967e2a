import type { ServerAnswer } from './exchange.ts'
import { type Challenge, parseChallenges } from './parse-challenges.ts'

/** What an answer must be. */
export interface ExpectedAnswer {
  readonly statuses: readonly number[]
  /** The OAuth error code of the challenge; `null`: none. Absent: not looked at. */
  readonly code?: string | null
  /** The scheme of that challenge, in lower case. */
  readonly scheme?: string
  /** Text that must not come back. */
  readonly canary?: string
}

const HTML = /<html|<!doctype|<body/i
const STACK_TRACE = /\n\s+at .*[(/].*:\d+|Traceback \(most recent call last\)|\.(?:java|py|go):\d+/

/** The problems of an answer; none when it is as expected and harmless. */
export function problemsOf(answer: ServerAnswer, expected: ExpectedAnswer): string[] {
  const { statuses, canary } = expected
  const problems = [...harmOf(answer, canary)]
  if (!statuses.includes(answer.status))
    problems.push(`expected status ${statuses.join(' or ')}, found ${answer.status}`)
  if (expected.code !== undefined && answer.status !== 0) problems.push(...challengeProblems(answer, expected))
  return problems
}

/** What no answer may hold, whatever was asked. */
export function harmOf(answer: ServerAnswer, canary?: string): string[] {
  const problems: string[] = []
  if (answer.status >= 500 && answer.status !== 503) problems.push(`the server broke: status ${answer.status}`)
  if (HTML.test(answer.body)) problems.push('the answer is HTML')
  if (STACK_TRACE.test(answer.body)) problems.push('the answer holds a stack trace')
  if (canary !== undefined && answer.text.includes(canary)) problems.push('the answer repeats what was sent')
  return problems
}

/** The challenges of an answer, read to the letter. */
export function challengesOf(answer: ServerAnswer): readonly Challenge[] | undefined {
  return parseChallenges(answer.headers.get('www-authenticate') ?? [])
}

function challengeProblems(answer: ServerAnswer, { code, scheme }: ExpectedAnswer): string[] {
  const challenges = challengesOf(answer)
  if (challenges === undefined) return ['the challenge does not keep the grammar of RFC 9110 section 11.6.1']
  const wanted = challenges.filter((challenge) => scheme === undefined || challenge.scheme === scheme)
  if (wanted.length === 0) return [`expected a challenge${scheme === undefined ? '' : ` of ${scheme}`}, found none`]
  const codes = wanted.map((challenge) => challenge.parameters.get('error'))
  if (code === null)
    return codes.every((found) => found === undefined) ? [] : [`expected no error code, found ${codes}`]
  return codes.includes(code) ? [] : [`expected the error code ${code}, found ${codes.join(', ') || 'none'}`]
}

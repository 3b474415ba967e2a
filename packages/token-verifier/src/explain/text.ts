import type { CheckResult, Explanation } from './explanation.ts'

/** Writes an explanation for people, in lines of plain text. */
export function explanationText({ verdict, provider, facts, checks }: Explanation): string {
  const width = Math.max(0, ...facts.map(({ name }) => name.length))
  return [
    provider === undefined ? 'Not readable as a token' : `Read as a token of ${provider}`,
    ...facts.map(({ name, value }) => `  ${name.padEnd(width)}  ${value}`),
    '',
    ...checks.flatMap(linesOf),
    '',
    verdicts[verdict],
    '',
  ].join('\n')
}

const verdicts: Readonly<Record<Explanation['verdict'], string>> = {
  accepted: 'It would be accepted. Revocation was not asked.',
  refused: 'It is refused.',
  'not judged': 'No check failed, but not all could be made.',
}

function linesOf({ check, outcome, reason, finding, advice }: CheckResult): readonly string[] {
  const line = `${outcome.padEnd(10)}  ${check.padEnd(17)}  ${reason === undefined ? '' : `${reason}: `}${finding}`
  return advice === undefined ? [line] : [line, `${' '.repeat(12)}change at the ${advice.side}: ${advice.change}`]
}

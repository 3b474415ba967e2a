/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string
  /** Names in lower case, values without quotes and escapes. */
  readonly parameters: ReadonlyMap<string, string>
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const SCHEME = new RegExp(`^(${TOKEN})(?: +|$)`)
const PARAMETER = new RegExp(`^(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))[ \\t]*`)
const TOKEN68 = /^[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)/
const COMMA = /^(?:,[ \t]*)+/

/**
 * Reads `WWW-Authenticate` values to the letter of the grammar.
 *
 * @returns undefined when a value does not keep the grammar, or names a parameter twice in one challenge.
 */
export function parseChallenges(values: readonly string[]): readonly Challenge[] | undefined {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let rest = values.join(', ').trim()
  while (rest !== '') {
    const parameter = PARAMETER.exec(rest)
    const current = challenges.at(-1)
    if (parameter !== null && current !== undefined) {
      const name = (parameter[1] as string).toLowerCase()
      if (current.parameters.has(name)) return undefined
      current.parameters.set(name, parameter[3] ?? (parameter[2] as string).replace(/\\(.)/g, '$1'))
      rest = rest.slice(parameter[0].length)
    } else {
      const scheme = SCHEME.exec(rest)
      if (scheme === null || parameter !== null) return undefined
      challenges.push({ scheme: (scheme[1] as string).toLowerCase(), parameters: new Map() })
      rest = rest.slice(scheme[0].length)
      const isParameter = PARAMETER.test(rest)
      if (!isParameter) rest = rest.replace(TOKEN68, '')
      if (isParameter) continue
    }
    const comma = COMMA.exec(rest)
    if (rest !== '' && comma === null) return undefined
    rest = rest.slice(comma?.[0].length ?? 0)
  }
  return challenges
}

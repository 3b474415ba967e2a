/** What one rule found wrong. */
export interface Finding {
  rule: string
  /** `error`: some client cannot get in, or somebody gets in who must not. `warning`: it works, and will hurt. */
  severity: 'error' | 'warning'
  /** What the rule asks for. */
  title: string
  /** What was examined: the address of the MCP server, an issuer, or the realm by its name. */
  at: string
  seen: string
  /** The command or setting that mends it. */
  mend: string
}

/** One thing that must hold. */
export interface Rule<Subject> {
  id: string
  severity: Finding['severity']
  title: string
  mend: string
  /** Whether there is anything to judge; without it there always is. */
  applies?(subject: Subject): boolean
  /** What was seen where the rule does not hold, several things where it is broken in several places. */
  check(subject: Subject): string | readonly string[] | undefined
}

/** What rules said of one subject. */
export interface Verdict {
  judged: number
  /** Rules that had nothing to judge. */
  notJudged: string[]
  findings: Finding[]
}

/** Applies every rule; findings come in the order of the rules. */
export function applyRules<Subject>(rules: readonly Rule<Subject>[], subject: Subject, at: string): Verdict {
  const applicable = rules.filter(({ applies }) => applies?.(subject) ?? true)
  return {
    judged: applicable.length,
    notJudged: rules.filter((rule) => !applicable.includes(rule)).map(({ id }) => id),
    findings: applicable.flatMap(({ id, severity, title, mend, check }) =>
      [check(subject) ?? []].flat().map((seen) => ({ rule: id, severity, title, at, seen, mend })),
    ),
  }
}

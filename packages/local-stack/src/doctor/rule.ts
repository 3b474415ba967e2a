/** What one rule found wrong. */
export interface Finding {
  rule: string
  /** `error`: some client cannot get in, or somebody gets in who must not. `warning`: it works, and will hurt. */
  severity: 'error' | 'warning'
  /** What the rule asks for. */
  title: string
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
  /** What was seen where the rule does not hold; nothing where it holds or cannot be judged. */
  check(subject: Subject): string | undefined
}

/** Applies every rule; findings come in the order of the rules. */
export function applyRules<Subject>(rules: readonly Rule<Subject>[], subject: Subject): Finding[] {
  return rules.flatMap(({ id, severity, title, mend, check }) => {
    const seen = check(subject)
    return seen === undefined ? [] : [{ rule: id, severity, title, seen, mend }]
  })
}

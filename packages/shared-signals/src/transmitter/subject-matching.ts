type Identifier = Readonly<Record<string, unknown>>

/** One text for each subject identifier, however its members are ordered. */
export function canonicalSubject(subject: Identifier): string {
  return JSON.stringify(sorted(subject))
}

/**
 * Whether two subject identifiers match (SSF 1.0 section 8.1.3.1): simple ones when they are identical, complex ones when
 * no member that both have differs.
 */
export function subjectsMatch(one: Identifier, other: Identifier): boolean {
  if (one.format !== 'complex' || other.format !== 'complex') return canonicalSubject(one) === canonicalSubject(other)
  return Object.keys(one).every(
    (member) =>
      other[member] === undefined || JSON.stringify(sorted(one[member])) === JSON.stringify(sorted(other[member])),
  )
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

/** What the audit page shows. Lives in the page's address, so that a view can be sent to somebody. */
export interface AuditFilters {
  text?: string
  outcome?: FilterOutcome
  tool?: string
  /** Only this log: the name of a replica. */
  log?: string
}

export type FilterOutcome = 'allowed' | 'refused' | 'failed' | 'security'

const outcomes: readonly string[] = ['allowed', 'refused', 'failed', 'security'] satisfies FilterOutcome[]

/** Reads filters from an address; whatever makes no sense is left out. */
export function parseAuditFilters(search: Record<string, unknown>): AuditFilters {
  const text = wordsOf(search.text)
  const tool = wordsOf(search.tool)
  const log = wordsOf(search.log)
  const outcome = search.outcome
  return {
    ...(text === undefined ? {} : { text }),
    ...(tool === undefined ? {} : { tool }),
    ...(log === undefined ? {} : { log }),
    ...(isOutcome(outcome) ? { outcome } : {}),
  }
}

function isOutcome(value: unknown): value is FilterOutcome {
  return typeof value === 'string' && outcomes.includes(value)
}

function wordsOf(value: unknown): string | undefined {
  const words = typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 200) : ''
  return words === '' ? undefined : words
}

import type { AuditRecord } from '../../api/audit-record.ts'

/** One line of the audit page: a call with what became of it, or a security event. */
export interface AuditLine {
  record: AuditRecord
  /** The record that says how the call ended. Absent while it runs, and for everything that is no call. */
  ending: AuditRecord | undefined
}

/**
 * Joins a call's decision and its ending, which the log keeps as two records, by their request. Takes and gives the
 * newest first. An ending whose decision is not among the records stands alone.
 */
export function foldCalls(newestFirst: readonly AuditRecord[]): AuditLine[] {
  const endings = new Map<string, AuditRecord>()
  const decided = new Set<string>()
  for (const record of newestFirst) {
    const key = callKey(record)
    if (key === undefined) continue
    if (record.event.phase === 'outcome') endings.set(key, record)
    if (record.event.phase === 'decision') decided.add(key)
  }
  return newestFirst.flatMap((record) => {
    const key = callKey(record)
    if (record.event.phase === 'outcome' && key !== undefined && decided.has(key)) return []
    const ending = key === undefined || record.event.phase !== 'decision' ? undefined : endings.get(key)
    return [{ record, ending }]
  })
}

/** What a call's decision and its ending have in common; undefined for what is no call. */
export function callKey({ event }: AuditRecord): string | undefined {
  return event.requestId === undefined || event.phase === 'security'
    ? undefined
    : `${event.requestId} ${event.tool ?? event.action}`
}

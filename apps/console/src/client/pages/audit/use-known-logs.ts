import { useMemo } from 'react'
import type { AuditFeedSnapshot } from '../../api/audit-feed.ts'

/** Names of the logs that records came from, or that could not be read, in the order of the alphabet. */
export function useKnownLogs({ records, unread }: Pick<AuditFeedSnapshot, 'records' | 'unread'>): readonly string[] {
  return useMemo(() => {
    const names = [...records.map(({ log }) => log), ...unread.flatMap(({ log }) => log ?? [])]
    return [...new Set(names)].sort()
  }, [records, unread])
}

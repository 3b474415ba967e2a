import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useApis } from '../../api/api-context.tsx'
import type { AuditApi } from '../../api/audit.ts'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import { type AuditRecord, placeOf } from '../../api/audit-record.ts'
import { useNow } from '../../ui/use-now.ts'
import { countLastHour, minutesShown } from './last-hour.ts'

const pageSize = 1000
const mostRecords = 5000

/** The last hour in figures: what the log held when the page was opened, and what the stream has brought since. */
export function useLastHour() {
  const { audit } = useApis()
  const feed = useAuditFeedSnapshot()
  const isReadable = feed.status !== 'refused'
  const history = useQuery({
    queryKey: ['last hour'],
    queryFn: ({ signal }) => readHour(audit, signal),
    enabled: isReadable,
    staleTime: 60_000,
  })
  // Figures move with records and with minutes, not with seconds.
  const minute = Math.floor(useNow() / 5000) * 5000
  const hour = useMemo(() => {
    const live = new Set(feed.records.map(placeOf))
    const older = (history.data ?? []).filter((record) => !live.has(placeOf(record)))
    return countLastHour([...feed.records, ...older], minute)
  }, [feed.records, history.data, minute])
  return {
    hour,
    isLoading: isReadable && history.isPending,
    error: isReadable ? (history.error ?? undefined) : feed.error,
  }
}

async function readHour(audit: AuditApi, signal: AbortSignal): Promise<AuditRecord[]> {
  const since = Date.now() - minutesShown * 60_000
  const records: AuditRecord[] = []
  let cursor: string | undefined
  do {
    const page = await audit.page({ limit: pageSize, cursor }, signal)
    records.push(...page.records)
    cursor = page.cursor
    const oldest = page.records.at(-1)
    if (oldest === undefined || Date.parse(oldest.event.time) < since) break
  } while (cursor !== undefined && records.length < mostRecords)
  return records
}

import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useApis } from '../../api/api-context.tsx'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import type { AuditRecord } from '../../api/audit-record.ts'
import type { AuditFilters } from './audit-filters.ts'
import { createCallList } from './call-list.ts'

/** The first page is quick to have; older ones are read by those who scroll a long way. */
const firstPageSize = 200
const olderPageSize = 1000

/** The log from its newest record backwards: what the stream brought, then older pages as they are scrolled to. */
export function useAuditLines(filters: AuditFilters) {
  const { audit } = useApis()
  const feed = useAuditFeedSnapshot()
  const history = useInfiniteQuery({
    queryKey: ['audit', filters],
    queryFn: ({ pageParam, signal }) =>
      audit.page(
        { ...filters, cursor: pageParam, limit: pageParam === undefined ? firstPageSize : olderPageSize },
        signal,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ cursor }) => cursor,
    enabled: feed.status !== 'refused',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })
  const pages = history.data?.pages
  const list = useMemo(() => createCallList((record) => matchesFilters(record, filters)), [filters])
  const lines = useMemo(() => {
    list.addNewer(feed.records)
    for (const { records } of pages ?? []) list.addOlder(records)
    return list.lines()
  }, [list, feed.records, pages])
  return { lines, feed, history }
}

/** The server's filters, for records that the stream brings. */
export function matchesFilters(record: AuditRecord, { text, tool, outcome, log }: AuditFilters): boolean {
  const { event } = record
  if (log !== undefined && record.log !== log) return false
  if (tool !== undefined && event.tool !== tool) return false
  if (outcome === 'security' ? event.phase !== 'security' : outcome !== undefined && event.outcome !== outcome)
    return false
  if (text === undefined) return true
  return `${record.line ?? ''}\n${JSON.stringify(event)}`.toLowerCase().includes(text.toLowerCase())
}

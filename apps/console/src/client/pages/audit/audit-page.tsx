import { useSearch } from '@tanstack/react-router'
import { useDeferredValue } from 'react'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { AuditFilterBar } from './audit-filter-bar.tsx'
import { AuditTable } from './audit-table.tsx'
import { ExportMenu } from './export/export-menu.tsx'
import { FeedStatus } from './feed-status.tsx'
import { UnreadLogs } from './unread-logs.tsx'
import { useAuditLines } from './use-audit-lines.ts'
import { useKnownLogs } from './use-known-logs.ts'

/** Every decision of the MCP server as it falls: the sentence first, the rest a click away. */
export function AuditPage() {
  const filters = useSearch({ from: '/audit' })
  const { lines, feed, history } = useAuditLines(useDeferredValue(filters))
  const logs = useKnownLogs(feed)
  const error = feed.status === 'refused' ? feed.error : history.error
  return (
    <Page
      title="Live audit"
      lead="Every decision of the MCP server, written and durable before the caller had an answer."
      actions={
        <>
          <FeedStatus />
          {feed.status !== 'refused' && <ExportMenu filters={filters} />}
        </>
      }
    >
      {error !== null && error !== undefined ? (
        <Card>
          <PageFailed error={error} reset={() => void history.refetch()} />
        </Card>
      ) : (
        <Card isFlush>
          <AuditFilterBar filters={filters} logs={logs} />
          <UnreadLogs unread={feed.unread} />
          <AuditTable
            lines={lines}
            hasSeveralLogs={logs.length > 1}
            arrivedAt={feed.arrivedAt}
            isLoading={history.isPending || history.isFetchingNextPage}
            isFiltered={Object.keys(filters).length > 0}
            hasOlder={history.hasNextPage}
            loadOlder={() => {
              if (!history.isFetchingNextPage) void history.fetchNextPage()
            }}
          />
        </Card>
      )}
    </Page>
  )
}

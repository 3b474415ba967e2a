import { useQuery } from '@tanstack/react-query'
import { useApis } from '../../api/api-context.tsx'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'

const action = 'keys_rotated'

/** When the MCP server last saw the realm change its signing keys. Undefined when the log tells of none, or is not readable. */
export function useLastRotation(): Date | undefined {
  const { audit } = useApis()
  const feed = useAuditFeedSnapshot()
  const history = useQuery({
    queryKey: ['last rotation'],
    queryFn: ({ signal }) => audit.page({ outcome: 'security', text: action, limit: 1 }, signal),
    enabled: feed.status !== 'refused',
    staleTime: Number.POSITIVE_INFINITY,
  })
  const newest = [...feed.records, ...(history.data?.records ?? [])].find(({ event }) => event.action === action)
  return newest && new Date(newest.event.time)
}

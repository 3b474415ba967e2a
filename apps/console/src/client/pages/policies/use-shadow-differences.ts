import { useQuery } from '@tanstack/react-query'
import { useApis } from '../../api/api-context.tsx'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import { type AuditRecord, byTime, placeOf } from '../../api/audit-record.ts'

const action = 'shadow_policies_differ'
const mostShown = 100

/** Records of calls that the candidate set of this version would decide otherwise, the newest first, as they come in. */
export function useShadowDifferences(version: string) {
  const { audit } = useApis()
  const feed = useAuditFeedSnapshot()
  const history = useQuery({
    queryKey: ['shadow differences', version],
    queryFn: ({ signal }) => audit.page({ outcome: 'security', text: action, limit: mostShown }, signal),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const found = new Map<string, AuditRecord>()
  for (const record of [...feed.records, ...(history.data?.records ?? [])]) {
    const { event } = record
    if (event.action === action && event.policyVersion === version) found.set(placeOf(record), record)
  }
  const differences = [...found.values()].sort(byTime)
  return { differences, isPending: history.isPending, error: history.error, refetch: history.refetch }
}

import { useQuery } from '@tanstack/react-query'
import { useApis } from '../../api/api-context.tsx'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import type { AuditRecord } from '../../api/audit-record.ts'

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
  const bySequence = new Map<number, AuditRecord>()
  for (const record of [...feed.records, ...(history.data?.records ?? [])]) {
    const { event, sequence } = record
    if (event.action === action && event.policyVersion === version) bySequence.set(sequence, record)
  }
  const differences = [...bySequence.values()].sort((one, other) => other.sequence - one.sequence)
  return { differences, isPending: history.isPending, error: history.error, refetch: history.refetch }
}

import { useQuery } from '@tanstack/react-query'
import { PagePending } from '../../shell/page-pending.tsx'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { BeginReview } from './begin-review.tsx'
import { Campaigns } from './campaigns.tsx'
import { GroupDrift } from './group-drift.tsx'
import { StandsOut } from './stands-out.tsx'
import { reviewKey, useReviewApi } from './use-review-api.ts'

/** Who may do what and why, what nobody uses, and the reviews in which somebody says keep or revoke. */
export function ReviewPage() {
  const api = useReviewApi()
  const review = useQuery({ queryKey: reviewKey, queryFn: () => api.current(), staleTime: 30_000 })
  return (
    <Page
      title="Access review"
      lead="Every permission at the MCP server, where it comes from, and when it was last used. MCP tools stand in the review like everything else."
    >
      {review.isPending && <PagePending />}
      {review.isError && (
        <Card>
          <PageFailed error={review.error} reset={() => void review.refetch()} />
        </Card>
      )}
      {review.isSuccess && (
        <>
          <BeginReview review={review.data} />
          <Campaigns />
          <StandsOut review={review.data} />
          <GroupDrift accounts={review.data.accounts} />
        </>
      )}
    </Page>
  )
}

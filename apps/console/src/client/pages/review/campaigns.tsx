import { Skeleton } from '@mantine/core'
import { IconChevronRight, IconClipboardCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { CampaignSummary } from '../../api/access-review.ts'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { Tag } from '../../ui/tag.tsx'
import { fullTime } from '../../ui/time-words.ts'
import styles from './campaigns.module.css'
import { campaignsKey, titleWords, useReviewApi } from './use-review-api.ts'

/** Every review that was begun, the newest first, with how far it is. */
export function Campaigns() {
  const api = useReviewApi()
  const campaigns = useQuery({ queryKey: campaignsKey, queryFn: () => api.campaigns() })
  return (
    <Card isFlush title="Reviews">
      {campaigns.isPending && (
        <div className={styles.loading} role="status" aria-label="Loading the reviews">
          <Skeleton height={40} />
          <Skeleton height={40} />
        </div>
      )}
      {campaigns.isError && <PageFailed error={campaigns.error} reset={() => void campaigns.refetch()} />}
      {campaigns.data?.length === 0 && (
        <EmptyState icon={IconClipboardCheck} title="No review yet">
          Begin one above. It takes down who may do what at this moment, and you keep or revoke each grant.
        </EmptyState>
      )}
      <ul>
        {campaigns.data?.map((campaign) => (
          <CampaignRow key={campaign.id} campaign={campaign} />
        ))}
      </ul>
    </Card>
  )
}

function CampaignRow({ campaign }: { campaign: CampaignSummary }) {
  const { id, title, state, items, approved, revoked, startedBy, startedAt } = campaign
  const share = (count: number): string => `${items === 0 ? 0 : (count / items) * 100}%`
  return (
    <li className={styles.row}>
      <div className={styles.what}>
        <Link to="/review/$campaign" params={{ campaign: id }} className={styles.link}>
          {titleWords(title)}
        </Link>
        <p>
          begun {fullTime(new Date(startedAt))} by {startedBy.name ?? startedBy.email ?? startedBy.subject}
        </p>
      </div>
      <div className={styles.progress}>
        <span className={styles.track} aria-hidden>
          <span data-verdict="approve" style={{ width: share(approved) }} />
          <span data-verdict="revoke" style={{ width: share(revoked) }} />
        </span>
        <span className={styles.counts}>
          {approved} kept, {revoked} revoked, {items - approved - revoked} open
        </span>
      </div>
      <Tag tone={state === 'open' ? 'warn' : 'good'}>{state}</Tag>
      <IconChevronRight size={17} className={styles.open} aria-hidden />
    </li>
  )
}

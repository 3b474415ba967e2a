import { Button } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { Campaign } from '../../api/access-review.ts'
import { PagePending } from '../../shell/page-pending.tsx'
import { Card } from '../../ui/card.tsx'
import { FactList } from '../../ui/fact-list.tsx'
import { Identifier } from '../../ui/identifier.tsx'
import { Page } from '../../ui/page.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { Tag } from '../../ui/tag.tsx'
import { fullTime } from '../../ui/time-words.ts'
import { EvidenceFiles } from './evidence-files.tsx'
import { GrantTable } from './grant-table.tsx'
import { SignOff } from './sign-off.tsx'
import { campaignKey, titleWords, useReviewApi } from './use-review-api.ts'

/** One review: every grant in its scope, kept or revoked with a reason, and the evidence of it. */
export function CampaignPage() {
  const { campaign: id } = useParams({ from: '/review/$campaign' })
  const api = useReviewApi()
  const campaign = useQuery({ queryKey: campaignKey(id), queryFn: () => api.campaign(id) })
  return (
    <Page
      title={titleWords(campaign.data?.title ?? 'Review')}
      actions={
        <Button
          component={Link}
          to="/review"
          variant="default"
          size="compact-sm"
          leftSection={<IconArrowLeft size={16} aria-hidden />}
        >
          All reviews
        </Button>
      }
    >
      {campaign.isPending && <PagePending />}
      {campaign.isError && (
        <Card>
          <PageFailed error={campaign.error} reset={() => void campaign.refetch()} />
        </Card>
      )}
      {campaign.isSuccess && (
        <>
          <About campaign={campaign.data} />
          <GrantTable campaign={campaign.data} />
          {campaign.data.state === 'open' ? <SignOff campaign={campaign.data} /> : undefined}
          <EvidenceFiles campaign={campaign.data} />
        </>
      )}
    </Page>
  )
}

function About({ campaign }: { campaign: Campaign }) {
  const { state, scope, startedBy, startedAt, reviewedAt, policyVersion, signedOffBy, signedOffAt } = campaign
  const nameOf = (reviewer: Campaign['startedBy']): string => reviewer.name ?? reviewer.email ?? reviewer.subject
  return (
    <Card title="This review" aside={<Tag tone={state === 'open' ? 'warn' : 'good'}>{state}</Tag>}>
      <FactList
        facts={[
          { term: 'About', value: scope.kind === 'everything' ? 'everything' : `${scope.kind} ${scope.name ?? ''}` },
          { term: 'Begun', value: `${fullTime(new Date(startedAt))} by ${nameOf(startedBy)}` },
          { term: 'Access as it was', value: fullTime(new Date(reviewedAt)) },
          { term: 'Policies', value: <Identifier value={policyVersion} label="version of the policies" /> },
          {
            term: 'Signed off',
            value:
              signedOffBy !== null &&
              signedOffAt !== null &&
              `${fullTime(new Date(signedOffAt))} by ${nameOf(signedOffBy)}`,
          },
        ].map((fact) => ({ ...fact, value: fact.value === false ? undefined : fact.value }))}
      />
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { askStack } from '../../api/health.ts'
import { useSession } from '../../session/session-context.tsx'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { FeedStatus } from '../audit/feed-status.tsx'
import { CallChart } from './call-chart.tsx'
import { Figures } from './figures.tsx'
import { LatestLines } from './latest-lines.tsx'
import styles from './overview-page.module.css'
import { RefusalReasons } from './refusal-reasons.tsx'
import { TrustChain } from './trust-chain.tsx'
import { useLastHour } from './use-last-hour.ts'

/** The whole stack at a glance: who trusts whom, how it is, and what is going on. */
export function OverviewPage() {
  const { settings } = useSession()
  const health = useQuery({ queryKey: ['health'], queryFn: () => askStack(settings), refetchInterval: 5000 })
  const { hour, error, isLoading } = useLastHour()
  return (
    <Page title="Overview" lead="One identity from the directory to the record of each call." actions={<FeedStatus />}>
      <TrustChain health={health.data} />
      {error !== undefined ? (
        <Card title="What is going on">
          <PageFailed error={error} />
        </Card>
      ) : (
        <>
          <Figures hour={hour} isLoading={isLoading} />
          <div className={styles.columns}>
            <CallChart hour={hour} />
            <RefusalReasons hour={hour} />
          </div>
          <LatestLines />
        </>
      )}
    </Page>
  )
}

import { IconHistoryOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useApis } from '../../api/api-context.tsx'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import { placeOf } from '../../api/audit-record.ts'
import type { Person } from '../../api/people.ts'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { HumanLine } from '../../ui/human-line.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'
import { Tag } from '../../ui/tag.tsx'
import { clockWords } from '../../ui/time-words.ts'
import { foldCalls } from '../audit/calls.ts'
import { outcomeLook } from '../audit/outcome.tsx'
import { RecordLink } from '../audit/record-link.tsx'
import styles from './recent-calls.module.css'

const shown = 8

/** What the person did last, with what comes in while the page is open. */
export function RecentCalls({ person }: { person: Person }) {
  const { audit } = useApis()
  const feed = useAuditFeedSnapshot()
  const history = useQuery({
    queryKey: ['recent calls', person.email],
    queryFn: ({ signal }) => audit.page({ text: person.email, limit: 40 }, signal),
    enabled: feed.status !== 'refused',
  })
  const lines = useMemo(() => {
    const live = feed.records.filter(({ event }) => event.email === person.email)
    const known = new Set(live.map(placeOf))
    const older = (history.data?.records ?? []).filter(
      (record) => !known.has(placeOf(record)) && record.event.email === person.email,
    )
    return foldCalls([...live, ...older]).slice(0, shown)
  }, [feed.records, history.data, person.email])
  const error = feed.status === 'refused' ? feed.error : history.error
  return (
    <Card
      isFlush
      title="Recent calls"
      aside={
        <Link to="/audit" search={{ text: person.email }}>
          All of them
        </Link>
      }
    >
      {error !== null && error !== undefined && <PageFailed error={error} />}
      {lines.length === 0 && !error && !history.isPending && <EmptyState icon={IconHistoryOff} title="No calls yet" />}
      <ul>
        {lines.map(({ record, ending }) => {
          const { word, tone } = outcomeLook(record, ending)
          return (
            <li key={placeOf(record)} className={styles.call}>
              <RecordLink record={record}>
                <HumanLine record={record} />
              </RecordLink>
              <span>
                <Tag tone={tone}>{word}</Tag>
                <time dateTime={record.event.time}>{clockWords(new Date(record.event.time))}</time>
              </span>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}

import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useAuditFeedSnapshot } from '../../api/audit-feed-context.tsx'
import { placeOf } from '../../api/audit-record.ts'
import { Card } from '../../ui/card.tsx'
import { HumanLine } from '../../ui/human-line.tsx'
import { agoWords } from '../../ui/time-words.ts'
import { useNow } from '../../ui/use-now.ts'
import { foldCalls } from '../audit/calls.ts'
import { outcomeLook } from '../audit/outcome.tsx'
import { RecordLink } from '../audit/record-link.tsx'
import styles from './latest-lines.module.css'

const shown = 6

/** The newest lines of the log, as they come in. */
export function LatestLines() {
  const { records } = useAuditFeedSnapshot()
  const now = useNow()
  const lines = useMemo(() => foldCalls(records.slice(0, shown * 4)).slice(0, shown), [records])
  if (lines.length === 0) return undefined
  return (
    <Card isFlush title="Just now" aside={<Link to="/audit">Live audit</Link>}>
      <ul>
        {lines.map(({ record, ending }) => {
          const { tone, word } = outcomeLook(record, ending)
          return (
            <li key={placeOf(record)} className={styles.line}>
              <span className={styles.dot} data-tone={tone} role="img" aria-label={word} />
              <RecordLink record={record}>
                <HumanLine record={record} />
              </RecordLink>
              <time dateTime={record.event.time}>{agoWords(new Date(record.event.time), now)}</time>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}

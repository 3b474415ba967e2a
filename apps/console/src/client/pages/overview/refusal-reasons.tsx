import { IconShieldCheck } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import type { LastHour } from './last-hour.ts'
import styles from './refusal-reasons.module.css'

const shown = 5

/** What stood in the way of refused calls, most frequent first. */
export function RefusalReasons({ hour: { reasons } }: { hour: LastHour }) {
  const most = reasons[0]?.count ?? 1
  return (
    <Card
      title="Refusals by reason"
      aside={
        <Link to="/audit" search={{ outcome: 'refused' }}>
          See them
        </Link>
      }
    >
      {reasons.length === 0 && <EmptyState icon={IconShieldCheck} title="Nothing was refused" />}
      <ul className={styles.reasons}>
        {reasons.slice(0, shown).map(({ reason, count }) => (
          <li key={reason}>
            <span className={styles.reason} title={reason}>
              {reason}
            </span>
            <b>{count}</b>
            <span className={styles.track} aria-hidden>
              <span style={{ width: `${(count / most) * 100}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

import { Skeleton } from '@mantine/core'
import { millisecondWords } from '../../ui/time-words.ts'
import styles from './figures.module.css'
import type { LastHour } from './last-hour.ts'

/** Four numbers about the last hour. */
export function Figures({ hour, isLoading }: { hour: LastHour; isLoading: boolean }) {
  const share = hour.calls === 0 ? 0 : (hour.refused / hour.calls) * 100
  const figures = [
    {
      term: 'Calls in the last hour',
      value: hour.calls.toLocaleString('en'),
      note: `${(hour.calls / 60).toFixed(1)} a minute`,
    },
    {
      term: 'Refused',
      value: hour.refused.toLocaleString('en'),
      note: `${share.toFixed(share > 0 && share < 10 ? 1 : 0)} % of the calls`,
    },
    { term: 'People and services', value: hour.people.toLocaleString('en'), note: 'that called something' },
    {
      term: 'A call takes',
      value: hour.medianMs === undefined ? '–' : millisecondWords(hour.medianMs),
      note: 'median of the tool alone',
    },
  ]
  return (
    <dl className={styles.figures}>
      {figures.map(({ term, value, note }) => (
        <div key={term} className={styles.figure}>
          <dt>{term}</dt>
          <dd>{isLoading ? <Skeleton height={30} width={80} /> : <b>{value}</b>}</dd>
          <dd className={styles.note}>{note}</dd>
        </div>
      ))}
    </dl>
  )
}

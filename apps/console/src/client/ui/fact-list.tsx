import type { ReactNode } from 'react'
import styles from './fact-list.module.css'

export interface Fact {
  term: string
  value: ReactNode
  /** A sentence that says what the value means. */
  note?: ReactNode
}

/** Names and values. A fact without a value is left out. */
export function FactList({ facts }: { facts: readonly Fact[] }) {
  const known = facts.filter(({ value }) => value !== undefined && value !== null && value !== '')
  return (
    <dl className={styles.facts}>
      {known.map(({ term, value, note }) => (
        <div key={term} className={styles.fact}>
          <dt>{term}</dt>
          <dd>
            {value}
            {note !== undefined && <span className={styles.note}>{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

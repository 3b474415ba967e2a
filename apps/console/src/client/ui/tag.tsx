import type { ReactNode } from 'react'
import styles from './tag.module.css'
import tones from './tone.module.css'

export type Tone = 'good' | 'bad' | 'warn' | 'quiet' | 'accent'

/** A short word on a tinted ground. Colour never says it alone. */
export function Tag({
  tone = 'quiet',
  isCode = false,
  children,
}: {
  tone?: Tone
  isCode?: boolean
  children: ReactNode
}) {
  return <span className={`${styles.tag} ${tones[tone]} ${isCode ? styles.code : ''}`}>{children}</span>
}

/** A coloured point with a word, for states that change: live, waiting, away. */
export function StatusDot({
  tone,
  isPulsing = false,
  children,
}: {
  tone: Tone
  isPulsing?: boolean
  children: ReactNode
}) {
  return (
    <span className={styles.status}>
      <span className={`${styles.dot} ${styles[`${tone}Dot`]} ${isPulsing ? styles.pulsing : ''}`} aria-hidden />
      {children}
    </span>
  )
}

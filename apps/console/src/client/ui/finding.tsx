import type { Icon } from '@tabler/icons-react'
import styles from './finding.module.css'
import tones from './tone.module.css'

/** What was found out, in one sentence: it is as it should be, or it is not. */
export function Finding({ isRight, icon: Sign, children }: { isRight: boolean; icon: Icon; children: string }) {
  return (
    <p className={`${styles.finding} ${isRight ? tones.good : tones.bad}`}>
      <Sign size={18} stroke={1.8} aria-hidden />
      <span>{children}</span>
    </p>
  )
}

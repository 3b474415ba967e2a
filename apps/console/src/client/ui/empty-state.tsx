import type { ComponentType, ReactNode } from 'react'
import styles from './empty-state.module.css'

interface EmptyStateProperties {
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>
  title: string
  tone?: 'quiet' | 'bad'
  children?: ReactNode
  action?: ReactNode
}

/** Says why there is nothing to see, and what to do about it. */
export function EmptyState({ icon: Icon, title, tone = 'quiet', children, action }: EmptyStateProperties) {
  return (
    <div className={styles.empty} {...(tone === 'bad' ? { role: 'alert' } : {})}>
      <span className={styles[tone]}>
        <Icon size={24} stroke={1.6} aria-hidden />
      </span>
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
      {action}
    </div>
  )
}

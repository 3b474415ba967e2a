import { type ReactNode, useEffect } from 'react'
import styles from './page.module.css'

interface PageProperties {
  title: string
  /** One sentence under the title. */
  lead?: ReactNode
  /** Buttons and status, right of the title. */
  actions?: ReactNode
  children: ReactNode
}

export function Page({ title, lead, actions, children }: PageProperties) {
  useEffect(() => {
    document.title = `${title} · MCP Identity`
  }, [title])
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <div>
          <h1>{title}</h1>
          {lead !== undefined && <p className={styles.lead}>{lead}</p>}
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  )
}

import { type ReactNode, useId } from 'react'
import styles from './card.module.css'

interface CardProperties {
  title?: ReactNode
  /** Text or a control, right of the title. */
  aside?: ReactNode
  /** The content touches the card's edges, as a list does. */
  isFlush?: boolean
  className?: string | undefined
  children: ReactNode
}

/** A titled region of a page. */
export function Card({ title, aside, isFlush = false, className = '', children }: CardProperties) {
  const id = useId()
  return (
    <section
      className={`${styles.card} ${isFlush ? styles.flush : ''} ${className}`}
      {...(title === undefined ? {} : { 'aria-labelledby': id })}
    >
      {title !== undefined && (
        <div className={styles.head}>
          <h2 id={id}>{title}</h2>
          {aside !== undefined && <div className={styles.aside}>{aside}</div>}
        </div>
      )}
      {children}
    </section>
  )
}

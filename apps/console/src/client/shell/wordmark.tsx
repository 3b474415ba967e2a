import styles from './wordmark.module.css'

export function Wordmark() {
  return (
    <span className={styles.wordmark}>
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="9" />
        <path d="M16 7.2l7.2 2.9v5.4c0 4.6-3 7.9-7.2 9.4-4.2-1.5-7.2-4.8-7.2-9.4v-5.4z" />
        <circle cx="16" cy="14.4" r="2.5" />
        <path d="M16 16v3.8" />
      </svg>
      <span>
        MCP <b>Identity</b>
      </span>
    </span>
  )
}

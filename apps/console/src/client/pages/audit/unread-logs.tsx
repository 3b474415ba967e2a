import { IconPlugConnectedX } from '@tabler/icons-react'
import type { UnreadLog } from '../../api/audit.ts'
import styles from './unread-logs.module.css'

/** Says whose records are missing below, so that nobody takes silence for quiet. */
export function UnreadLogs({ unread }: { unread: readonly UnreadLog[] }) {
  if (unread.length === 0) return undefined
  return (
    <div role="status" className={styles.missing}>
      <IconPlugConnectedX size={17} aria-hidden />
      <ul>
        {unread.map(({ log, problem }) => (
          <li key={log}>
            {log === null ? 'Records of other replicas may be missing' : `Records of ${log} are missing`}: {problem}
          </li>
        ))}
      </ul>
    </div>
  )
}

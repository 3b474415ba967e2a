import { type AuditLogs, readEach, type UnreadLog } from './audit-logs.ts'

/** Another replica's log, and whether this replica can read it. */
export interface LogState {
  /** Null: it is not known which logs there are. */
  log: string | null
  isUnread: boolean
}

/** Each look costs every other replica a request. */
const lookAgainAfterMs = 15_000

/**
 * Finds out whether the logs of other replicas can be read, before somebody asks for them: an answer with a log missing
 * says so, but only to whoever asked.
 *
 * @returns Tells what the last look found, nothing before there was one, and looks again in the background when that was
 *   {@link lookAgainAfterMs} ago. Nobody asks: nobody looks.
 */
export function watchUnreadLogs({ others }: Pick<AuditLogs, 'others'>): () => readonly LogState[] {
  let states: readonly LogState[] = []
  let lookedAt = Number.NEGATIVE_INFINITY

  async function look(): Promise<void> {
    const { logs, unread: alreadyUnread } = await others()
    const { read, unread } = await readEach(logs, (log) => log.query({ limit: 1 }), alreadyUnread)
    states = [...read.map(({ log }) => ({ log: log.name, isUnread: false })), ...unread.map(asUnread)]
  }

  return () => {
    if (performance.now() - lookedAt >= lookAgainAfterMs) {
      lookedAt = performance.now()
      look().catch(() => {
        states = [asUnread({ log: null })]
      })
    }
    return states
  }
}

function asUnread({ log }: Pick<UnreadLog, 'log'>): LogState {
  return { log, isUnread: true }
}

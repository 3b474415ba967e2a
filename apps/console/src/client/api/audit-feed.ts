import { SessionEndedError } from '../session/session.ts'
import { ApiError } from './api-error.ts'
import type { AuditApi, UnreadLog } from './audit.ts'
import { type AuditRecord, byTime, placeOf } from './audit-record.ts'

export interface AuditFeedSnapshot {
  /** `refused`: this person may not read the audit log. `waiting`: the stream broke and is opened again shortly. */
  status: 'connecting' | 'live' | 'waiting' | 'refused'
  error: ApiError | undefined
  /** The newest first, without a gap between those of one log. */
  records: readonly AuditRecord[]
  /** Logs of which newer records may be missing. */
  unread: readonly UnreadLog[]
  /** When the records of this page arrived, by place, for records that came over the stream. Milliseconds. */
  arrivedAt: ReadonlyMap<string, number>
}

/** The audit log as it grows, shared by every page of the console. */
export interface AuditFeed {
  snapshot(): AuditFeedSnapshot
  subscribe(listener: () => void): () => void
  /** Called at once for each record that arrives over the stream. */
  onRecord(listener: (record: AuditRecord) => void): () => void
  stop(): void
}

const firstPageSize = 200
const longestList = 20_000
const retryMs = [500, 1000, 2000, 4000]
/** Records that arrive together are shown together. */
const batchMs = 60

/** Opens the feed and keeps it open: after a break it goes on where it was, so that no record is missing. */
export function createAuditFeed(api: AuditApi): AuditFeed {
  const listeners = new Set<() => void>()
  const recordListeners = new Set<(record: AuditRecord) => void>()
  const stopping = new AbortController()
  const arrivedAt = new Map<string, number>()
  let snapshot: AuditFeedSnapshot = { status: 'connecting', error: undefined, records: [], unread: [], arrivedAt }
  let waiting: AuditRecord[] = []
  /** How far each log is known. */
  let after: string | undefined
  let isBatching = false

  function change(next: Partial<AuditFeedSnapshot>): void {
    snapshot = { ...snapshot, ...next }
    for (const listener of listeners) listener()
  }

  function receive(record: AuditRecord, next: string): void {
    after = next
    waiting.push(record)
    arrivedAt.set(placeOf(record), Date.now())
    for (const listener of recordListeners) listener(record)
    if (!isBatching) window.setTimeout(showWaiting, batchMs)
    isBatching = true
  }

  function showWaiting(): void {
    isBatching = false
    // Records of another log may come a moment later than newer ones of this.
    const records = [...waiting.reverse(), ...snapshot.records].sort(byTime).slice(0, longestList)
    waiting = []
    change({ records })
  }

  async function followOnce(): Promise<void> {
    if (after === undefined) {
      const { records, nextAfter } = await api.page({ limit: firstPageSize }, stopping.signal)
      after = nextAfter
      change({ records })
    }
    await api.follow({
      after,
      signal: stopping.signal,
      onOpen: () => change({ status: 'live', error: undefined, unread: [] }),
      onRecord: receive,
      onUnread: (unread) => change({ unread }),
    })
  }

  async function followForever(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      try {
        await followOnce()
        failures = -1
      } catch (error) {
        if (stopping.signal.aborted || error instanceof SessionEndedError) return
        const apiError = error instanceof ApiError ? error : new ApiError(0, 'The audit stream broke')
        if (snapshot.status === 'live') failures = 0
        change({ status: apiError.status === 403 ? 'refused' : 'waiting', error: apiError })
        if (apiError.status === 403) return
      }
      await wait(retryMs[Math.min(Math.max(failures, 0), retryMs.length - 1)] ?? 4000)
    }
  }

  void followForever()
  return {
    snapshot: () => snapshot,
    subscribe: (listener) => listen(listeners, listener),
    onRecord: (listener) => listen(recordListeners, listener),
    stop: () => stopping.abort(),
  }
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

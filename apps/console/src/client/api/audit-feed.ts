import { SessionEndedError } from '../session/session.ts'
import { ApiError } from './api-error.ts'
import type { AuditApi } from './audit.ts'
import type { AuditRecord } from './audit-record.ts'

export interface AuditFeedSnapshot {
  /** `refused`: this person may not read the audit log. `waiting`: the stream broke and is opened again shortly. */
  status: 'connecting' | 'live' | 'waiting' | 'refused'
  error: ApiError | undefined
  /** The newest first, without a gap between them. */
  records: readonly AuditRecord[]
  /** When the records of this page arrived, by sequence, for records that came over the stream. Milliseconds. */
  arrivedAt: ReadonlyMap<number, number>
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
  const arrivedAt = new Map<number, number>()
  let snapshot: AuditFeedSnapshot = { status: 'connecting', error: undefined, records: [], arrivedAt }
  let waiting: AuditRecord[] = []
  let isBatching = false

  function change(next: Partial<AuditFeedSnapshot>): void {
    snapshot = { ...snapshot, ...next }
    for (const listener of listeners) listener()
  }

  function receive(record: AuditRecord): void {
    if (record.sequence <= newestSequence()) return
    waiting.push(record)
    arrivedAt.set(record.sequence, Date.now())
    for (const listener of recordListeners) listener(record)
    if (!isBatching) window.setTimeout(showWaiting, batchMs)
    isBatching = true
  }

  function showWaiting(): void {
    isBatching = false
    const records = [...waiting.reverse(), ...snapshot.records].slice(0, longestList)
    waiting = []
    change({ records })
  }

  function newestSequence(): number {
    return waiting.at(-1)?.sequence ?? snapshot.records[0]?.sequence ?? 0
  }

  async function followOnce(): Promise<void> {
    if (snapshot.records.length === 0) {
      const { records } = await api.page({ limit: firstPageSize }, stopping.signal)
      change({ records })
    }
    await api.follow({
      afterSequence: newestSequence(),
      signal: stopping.signal,
      onOpen: () => change({ status: 'live', error: undefined }),
      onRecord: receive,
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

import { settlingSeconds } from '@mcp-identity/shared-signals'
import type { CompanyDatabase } from '../database.ts'
import type { Signal, SignalKind } from './signal.ts'

export interface Outbox {
  /** Adds a signal that is due at once, or as soon as those in `after` are done. */
  add(username: string, kind: SignalKind, after?: readonly number[]): Signal
  find(id: number): Signal | undefined
  pendingOf(username: string): Signal[]
  /** Pending signals that are due at that moment and wait for nothing, oldest first. */
  ready(nowMs: number): Signal[]
  /** When, after that moment, the next pending signal that waits for nothing is due. */
  nextDueAtMs(nowMs: number): number | undefined
  countPending(): number
  done(id: number, remark?: string): void
  /** One attempt failed; the next comes at `nextAttemptAtMs`. */
  failed(id: number, remark: string, nextAttemptAtMs: number): void
  /** The signal is no longer wanted: a later change of the same person replaces it. */
  supersede(id: number): void
}

/** How long finished signals stay readable. */
const retentionMs = 30 * 24 * 3600 * 1000

/**
 * When a person may be enabled again after a logout: the token of her next sign-in must be newer than every not-before
 * that came of it, and resource servers let one settle. A not-before is a whole second, and a token issued in that second
 * counts as issued before it.
 */
const settledAfter = (atMs: number): number => (Math.floor(atMs / 1000 + settlingSeconds) + 1) * 1000

/**
 * The signals that are still to be sent, durable and in the same database as the people they are about.
 *
 * @param clock Milliseconds since the epoch.
 */
export function createOutbox(database: CompanyDatabase, clock: () => number = Date.now): Outbox {
  const statements = prepare(database)
  statements.forget.run(clock() - retentionMs)
  return {
    add(username, kind, after = []) {
      const nowMs = clock()
      const loggedOutAtMs = statements.lastLogout.get(username)?.at ?? 0
      const dueAtMs = kind === 'scim_active' ? Math.max(nowMs, settledAfter(loggedOutAtMs)) : nowMs
      const { lastInsertRowid } = statements.add.run(username, kind, JSON.stringify(after), nowMs, dueAtMs)
      return {
        id: Number(lastInsertRowid),
        username,
        kind,
        state: 'pending',
        after: [...after],
        attempts: 0,
        createdAtMs: nowMs,
        nextAttemptAtMs: dueAtMs,
      }
    },
    find: (id) => toSignal(statements.find.get(id)),
    pendingOf: (username) => statements.pendingOf.all(username).flatMap((row) => toSignal(row) ?? []),
    ready: (nowMs) => statements.ready.all(nowMs).flatMap((row) => toSignal(row) ?? []),
    nextDueAtMs: (nowMs) => statements.nextDue.get(nowMs)?.at ?? undefined,
    countPending: () => statements.countPending.get()?.count ?? 0,
    done(id, remark) {
      const nowMs = clock()
      statements.done.run(nowMs, remark ?? null, id)
      const { kind, username } = statements.find.get(id) ?? {}
      if (kind === 'admin_logout' && username !== undefined) statements.holdEnable.run(settledAfter(nowMs), username)
    },
    failed: (id, remark, nextAttemptAtMs) => void statements.failed.run(remark, nextAttemptAtMs, id),
    supersede: (id) => void statements.supersede.run(clock(), id),
  }
}

interface SignalRow {
  id: number
  username: string
  kind: SignalKind
  state: Signal['state']
  after_ids: string
  attempts: number
  created_at_ms: number
  next_attempt_at_ms: number
  finished_at_ms: number | null
  remark: string | null
}

function toSignal(row: SignalRow | undefined): Signal | undefined {
  return (
    row && {
      id: row.id,
      username: row.username,
      kind: row.kind,
      state: row.state,
      after: JSON.parse(row.after_ids) as number[],
      attempts: row.attempts,
      createdAtMs: row.created_at_ms,
      nextAttemptAtMs: row.next_attempt_at_ms,
      ...(row.finished_at_ms === null ? {} : { finishedAtMs: row.finished_at_ms }),
      ...(row.remark === null ? {} : { remark: row.remark }),
    }
  )
}

/** A pending signal waits for nothing once all that it comes after are no longer pending. */
const waitsForNothing = `state = 'pending' AND NOT EXISTS (
  SELECT 1 FROM json_each(signals.after_ids) AS earlier JOIN signals AS other ON other.id = earlier.value
  WHERE other.state = 'pending')`

function prepare(database: CompanyDatabase) {
  return {
    add: database.prepare<[string, SignalKind, string, number, number]>(
      'INSERT INTO signals (username, kind, after_ids, created_at_ms, next_attempt_at_ms) VALUES (?, ?, ?, ?, ?)',
    ),
    find: database.prepare<[number], SignalRow>('SELECT * FROM signals WHERE id = ?'),
    pendingOf: database.prepare<[string], SignalRow>(
      `SELECT * FROM signals WHERE username = ? AND state = 'pending' ORDER BY id`,
    ),
    ready: database.prepare<[number], SignalRow>(
      `SELECT * FROM signals WHERE ${waitsForNothing} AND next_attempt_at_ms <= ? ORDER BY id`,
    ),
    nextDue: database.prepare<[number], { at: number | null }>(
      `SELECT min(next_attempt_at_ms) AS at FROM signals WHERE ${waitsForNothing} AND next_attempt_at_ms > ?`,
    ),
    countPending: database.prepare<[], { count: number }>(
      `SELECT count(*) AS count FROM signals WHERE state = 'pending'`,
    ),
    done: database.prepare<[number, string | null, number]>(
      `UPDATE signals SET state = 'done', attempts = attempts + 1, finished_at_ms = ?, remark = ?
       WHERE id = ? AND state = 'pending'`,
    ),
    failed: database.prepare<[string, number, number]>(
      `UPDATE signals SET attempts = attempts + 1, remark = ?, next_attempt_at_ms = ?
       WHERE id = ? AND state = 'pending'`,
    ),
    supersede: database.prepare<[number, number]>(
      `UPDATE signals SET state = 'superseded', finished_at_ms = ? WHERE id = ? AND state = 'pending'`,
    ),
    lastLogout: database.prepare<[string], { at: number | null }>(
      `SELECT max(finished_at_ms) AS at FROM signals WHERE username = ? AND kind = 'admin_logout' AND state = 'done'`,
    ),
    holdEnable: database.prepare<[number, string]>(
      `UPDATE signals SET next_attempt_at_ms = max(next_attempt_at_ms, ?)
       WHERE username = ? AND kind = 'scim_active' AND state = 'pending'`,
    ),
    forget: database.prepare<[number]>(`DELETE FROM signals WHERE state <> 'pending' AND finished_at_ms < ?`),
  }
}

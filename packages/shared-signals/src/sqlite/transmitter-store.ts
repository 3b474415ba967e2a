import type Database from 'better-sqlite3'
import type { FinishedEvent, OutgoingEvent, Stream, TransmitterStore } from '../transmitter/transmitter-store.ts'

/** How long refused events stay readable, in milliseconds. */
const retentionMs = 30 * 24 * 3_600 * 1000

const schema = `
  CREATE TABLE IF NOT EXISTS ssf_stream (
    stream_id TEXT PRIMARY KEY,
    receiver TEXT NOT NULL,
    delivery TEXT NOT NULL,
    events_requested TEXT,
    description TEXT,
    status TEXT NOT NULL,
    reason TEXT,
    verified_at_ms INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS ssf_stream_by_receiver ON ssf_stream (receiver);
  CREATE TABLE IF NOT EXISTS ssf_subject (
    stream_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    is_included INTEGER NOT NULL,
    PRIMARY KEY (stream_id, subject)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS ssf_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream_id TEXT NOT NULL,
    token_id TEXT NOT NULL,
    claims TEXT NOT NULL,
    is_pending INTEGER NOT NULL DEFAULT 1,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    next_attempt_at_ms INTEGER NOT NULL,
    remark TEXT,
    UNIQUE (stream_id, token_id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS ssf_event_pending ON ssf_event (stream_id, id) WHERE is_pending = 1;
`

/**
 * Keeps a transmitter's streams and outbox in a SQLite database, in three tables of their own whose names begin with
 * `ssf_`. Given the database of the application, an event and what caused it are one transaction.
 *
 * @param database Opened with better-sqlite3; stays the caller's to close.
 */
export function createTransmitterStore(database: Database.Database): TransmitterStore {
  database.exec(schema)
  const statements = prepareStatements(database)
  statements.forget.run(Date.now() - retentionMs)
  return {
    streams: (receiver) =>
      (receiver === undefined ? statements.allStreams.all() : statements.streamsOf.all(receiver)).map(toStream),
    findStream(streamId) {
      const row = statements.findStream.get(streamId)
      return row && toStream(row)
    },
    saveStream: (stream) => void statements.saveStream.run(fromStream(stream)),
    deleteStream: database.transaction((streamId: string) => {
      statements.deleteSubjects.run(streamId)
      statements.deleteEvents.run(streamId)
      statements.deleteStream.run(streamId)
    }),
    saveSubject: (streamId, subject, isIncluded) =>
      void statements.saveSubject.run(streamId, subject, isIncluded ? 1 : 0),
    subjects: (streamId) =>
      statements.subjects.all(streamId).map(({ subject, is_included }) => ({ subject, isIncluded: is_included === 1 })),
    addEvent: (event) => void statements.addEvent.run(event),
    pendingEvents: (streamId, limit) => statements.pendingEvents.all(streamId, limit),
    countPending: (streamId) =>
      (streamId === undefined ? statements.countPending.get() : statements.countPendingOf.get(streamId))?.count ?? 0,
    finishEvents: database.transaction((streamId: string, finished: readonly FinishedEvent[]) => {
      for (const { tokenId, refusedBecause } of finished) {
        if (refusedBecause === undefined) statements.deliverEvent.run(streamId, tokenId)
        else statements.refuseEvent.run(refusedBecause, streamId, tokenId)
      }
    }),
    retryEvent: (id, remark, nextAttemptAtMs) => void statements.retryEvent.run(remark, nextAttemptAtMs, id),
    dropPending: (streamId) => void statements.dropPending.run(streamId),
  }
}

interface StreamRow {
  stream_id: string
  receiver: string
  delivery: string
  events_requested: string | null
  description: string | null
  status: Stream['status']
  reason: string | null
  verified_at_ms: number | null
}

function toStream(row: StreamRow): Stream {
  return {
    streamId: row.stream_id,
    receiver: row.receiver,
    delivery: JSON.parse(row.delivery),
    eventsRequested: row.events_requested === null ? undefined : JSON.parse(row.events_requested),
    description: row.description ?? undefined,
    status: row.status,
    reason: row.reason ?? undefined,
    verifiedAtMs: row.verified_at_ms ?? undefined,
  }
}

function fromStream(stream: Stream): StreamRow {
  return {
    stream_id: stream.streamId,
    receiver: stream.receiver,
    delivery: JSON.stringify(stream.delivery),
    events_requested: stream.eventsRequested === undefined ? null : JSON.stringify(stream.eventsRequested),
    description: stream.description ?? null,
    status: stream.status,
    reason: stream.reason ?? null,
    verified_at_ms: stream.verifiedAtMs ?? null,
  }
}

function prepareStatements(database: Database.Database) {
  return {
    allStreams: database.prepare<[], StreamRow>('SELECT * FROM ssf_stream ORDER BY stream_id'),
    streamsOf: database.prepare<[string], StreamRow>('SELECT * FROM ssf_stream WHERE receiver = ? ORDER BY stream_id'),
    findStream: database.prepare<[string], StreamRow>('SELECT * FROM ssf_stream WHERE stream_id = ?'),
    saveStream: database.prepare<[StreamRow]>(`
      INSERT OR REPLACE INTO ssf_stream VALUES
        (@stream_id, @receiver, @delivery, @events_requested, @description, @status, @reason, @verified_at_ms)`),
    deleteStream: database.prepare<[string]>('DELETE FROM ssf_stream WHERE stream_id = ?'),
    deleteSubjects: database.prepare<[string]>('DELETE FROM ssf_subject WHERE stream_id = ?'),
    deleteEvents: database.prepare<[string]>('DELETE FROM ssf_event WHERE stream_id = ?'),
    saveSubject: database.prepare<[string, string, number]>('INSERT OR REPLACE INTO ssf_subject VALUES (?, ?, ?)'),
    subjects: database.prepare<[string], { subject: string; is_included: number }>(
      'SELECT subject, is_included FROM ssf_subject WHERE stream_id = ?',
    ),
    addEvent: database.prepare<[Parameters<TransmitterStore['addEvent']>[0]]>(`
      INSERT INTO ssf_event (stream_id, token_id, claims, created_at_ms, next_attempt_at_ms)
      VALUES (@streamId, @tokenId, @claims, @createdAtMs, @nextAttemptAtMs)`),
    pendingEvents: database.prepare<[string, number], OutgoingEvent>(`
      SELECT id, stream_id AS streamId, token_id AS tokenId, claims, attempts, next_attempt_at_ms AS nextAttemptAtMs
      FROM ssf_event WHERE stream_id = ? AND is_pending = 1 ORDER BY id LIMIT ?`),
    countPending: database.prepare<[], { count: number }>(
      'SELECT count(*) AS count FROM ssf_event WHERE is_pending = 1',
    ),
    countPendingOf: database.prepare<[string], { count: number }>(
      'SELECT count(*) AS count FROM ssf_event WHERE stream_id = ? AND is_pending = 1',
    ),
    deliverEvent: database.prepare<[string, string]>('DELETE FROM ssf_event WHERE stream_id = ? AND token_id = ?'),
    refuseEvent: database.prepare<[string, string, string]>(
      'UPDATE ssf_event SET is_pending = 0, remark = ? WHERE stream_id = ? AND token_id = ? AND is_pending = 1',
    ),
    retryEvent: database.prepare<[string, number, number]>(
      'UPDATE ssf_event SET attempts = attempts + 1, remark = ?, next_attempt_at_ms = ? WHERE id = ?',
    ),
    dropPending: database.prepare<[string]>('DELETE FROM ssf_event WHERE stream_id = ? AND is_pending = 1'),
    forget: database.prepare<[number]>('DELETE FROM ssf_event WHERE is_pending = 0 AND created_at_ms < ?'),
  }
}

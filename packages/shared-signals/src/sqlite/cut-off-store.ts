import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import type { CutOffState, CutOffStateOptions } from '../cut-off-state.ts'
import { createCutOffState } from '../cut-off-state.ts'
import type { EventCursor } from '../keycloak/event-reader.ts'
import type { CursorStore } from '../keycloak/poll-keycloak-events.ts'
import type { PositionStore, StreamPosition } from '../redis/stream-position.ts'
import type { CutOff, CutOffCause, PermissionsChange, Signal } from '../signal.ts'

export interface CutOffStore extends Omit<CutOffState, 'import'> {
  /** Takes in many signals in one transaction: all of them are on disk when it returns, or none and it throws. */
  applyAll(signals: readonly Signal[]): void
  /**
   * The same without waiting for the disk. The end of the process loses nothing. A power failure may undo the newest, and
   * with them every cursor and position that was saved after them, so that a feed reads them again; who is not told again
   * waits for {@link CutOffStore.settle}.
   */
  takeIn(signals: readonly Signal[]): void
  /** Resolves when all that was taken in withstands a power failure. Waits beside the event loop. @throws {Error} The disk fails. */
  settle(): Promise<void>
  /** The cursor of a feed, kept in the same file. @param feed A name of one's choice, one for each feed. */
  cursorStore(feed: string): CursorStore
  /** How far a feed of other replicas was read, kept in the same file. @param feed As for {@link CutOffStore.cursorStore}. */
  positionStore(feed: string): PositionStore
  /** Everything that still stands, to be told to others. */
  standing(): Iterable<Signal>
  /** Cut-offs that still stand, newest first, for people to read. @param limit 1 to 10,000. */
  list(limit: number): readonly CutOff[]
  close(): void
}

/** Of the tables below. Who changes them takes older files further, or refuses them. */
const schemaVersion = 2

/**
 * Each cut-off is one more row, and of several about the same the latest counts: ten thousand people who leave at once are
 * written one after the other. Found by who they are about, each would change another two pages of the file.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS cut_off (
    number INTEGER PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, session_id TEXT NOT NULL, token_id TEXT NOT NULL,
    client_id TEXT NOT NULL, email TEXT NOT NULL, not_before INTEGER NOT NULL, cause TEXT NOT NULL, received_at REAL
  );
  CREATE INDEX IF NOT EXISTS cut_off_by_time ON cut_off (not_before);
  CREATE TABLE IF NOT EXISTS permissions_change (
    issuer TEXT NOT NULL, subject TEXT NOT NULL, group_name TEXT NOT NULL, changed_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject, group_name)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS feed_cursor (
    feed TEXT PRIMARY KEY, newest_user_event_ms REAL NOT NULL, newest_admin_event_ms REAL NOT NULL, read_at_ms REAL NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS stream_position (
    feed TEXT PRIMARY KEY, epoch TEXT NOT NULL, sequence INTEGER NOT NULL, mark TEXT NOT NULL
  ) WITHOUT ROWID;
`

/** Version 1 kept one row for each that a cut-off can be about. */
const fromVersion1 = `
  DROP INDEX cut_off_by_time;
  ALTER TABLE cut_off RENAME TO cut_off_1;
  ${schema}
  INSERT INTO cut_off SELECT NULL, * FROM cut_off_1 ORDER BY not_before;
  DROP TABLE cut_off_1;
`

/** After so many writes, what is past retention is deleted. */
const writesBetweenSweeps = 1_000
/**
 * What is written stays in a log at first. It goes into the database itself, which calls wait for, once so many signals were
 * written and none came for so long: not while ten thousand people leave.
 */
const signalsBetweenCheckpoints = 1_000
const calmMs = 2_000
/** However long they come: a log has reached so many pages of 4 KB. */
const mostLogPages = 16_000

const syncBeside = promisify(fdatasync)

/**
 * The cut-off state, kept in a SQLite file: a restart never allows a token once that was refused before.
 *
 * Each signal is on disk before the call returns, but for {@link CutOffStore.takeIn}, and takes effect in memory first: a
 * disk that fails makes the caller fail, never the refusal. Needs `better-sqlite3`, so Node 22 or later.
 *
 * @param path A file; its folder must exist. `:memory:` keeps nothing.
 * @throws {Error} The file cannot be opened or is no database.
 */
export function openCutOffStore(path: string, options: CutOffStateOptions): CutOffStore {
  const { clock = () => Date.now() / 1000, retentionSeconds } = options
  const state = createCutOffState(options)
  const database = openDatabase(path)
  const statements = prepareStatements(database)
  /** SQLite waits for the disk where it is called, on the event loop: it is left to whoever has to. */
  const log = path === ':memory:' ? undefined : openSync(`${path}-wal`, 'r+')
  /** Waits for the disk that are under way: the log stays open for them. */
  const settling = new Set<Promise<void>>()
  /** What holds here and is not in the file yet: who tells of it again changes nothing any more. */
  const unwritten: Signal[] = []
  let writes = 0
  let signalsInLog = 0
  let calm: NodeJS.Timeout | undefined

  sweep()
  for (const row of statements.allCutOffs.all() as CutOffRow[]) state.cutOff(fromRow(row))
  for (const row of statements.allChanges.all() as ChangeRow[]) state.changePermissions(changeFromRow(row))

  const persistAll = database.transaction((signals: readonly Signal[]) => {
    for (const signal of signals) persist(signal)
  })

  function hold(signal: Signal): boolean {
    const changed = state.apply(signal)
    if (changed) unwritten.push(signal)
    return changed
  }

  function takeIn(signals: readonly Signal[]): void {
    for (const signal of signals) hold(signal)
    // Together with what could not be written the last time.
    persistAll(unwritten)
    writes += unwritten.length
    signalsInLog += unwritten.length
    unwritten.length = 0
    if (writes >= writesBetweenSweeps) sweep()
    if (signalsInLog >= signalsBetweenCheckpoints) emptyLogWhenCalm()
  }

  function emptyLogWhenCalm(): void {
    if (calm !== undefined) return void calm.refresh()
    calm = setTimeout(emptyLog, calmMs)
    calm.unref()
  }

  function emptyLog(): void {
    calm = undefined
    signalsInLog = 0
    try {
      database.pragma('wal_checkpoint(PASSIVE)')
    } catch {
      // Nothing is lost: all of it is in the log still, and a disk that fails is told by the next write.
    }
  }

  function applyAll(signals: readonly Signal[]): void {
    takeIn(signals)
    if (log !== undefined) fdatasyncSync(log)
  }

  function persist(signal: Signal): void {
    if (signal.kind === 'cut_off') statements.addCutOff.run(toRow(signal))
    else statements.raiseChange.run(changeToRow(signal))
  }

  function apply(signal: Signal): boolean {
    const changed = hold(signal)
    applyAll([])
    return changed
  }

  function sweep(): void {
    const oldest = Math.floor(clock()) - retentionSeconds
    statements.sweepCutOffs.run(oldest)
    statements.sweepChanges.run(oldest)
    writes = 0
  }

  return {
    apply,
    applyAll,
    takeIn,
    async settle() {
      if (!database.open) throw new Error(`${path} is closed`)
      if (log === undefined) return
      const settled = syncBeside(log)
      settling.add(settled)
      await settled.finally(() => settling.delete(settled))
    },
    cutOff: (entry) => apply({ kind: 'cut_off', ...entry }),
    changePermissions: (change) => apply({ kind: 'permissions_changed', ...change }),
    reasonRefused: state.reasonRefused,
    permissionsChangedSince: state.permissionsChangedSince,
    subscribe: state.subscribe,
    export: state.export,
    get size() {
      return state.size
    },
    get bytes() {
      return state.bytes
    },
    list: (limit) => (statements.newest.all(Math.min(Math.max(limit, 1), 10_000)) as CutOffRow[]).map(fromRow),
    cursorStore: (feed) => ({
      load: () => statements.loadCursor.get(feed) as EventCursor | undefined,
      save: (cursor) => void statements.saveCursor.run({ feed, ...cursor }),
    }),
    positionStore: (feed) => ({
      load: () => statements.loadPosition.get(feed) as StreamPosition | undefined,
      save: (position) => void statements.savePosition.run({ feed, ...position }),
    }),
    standing: () => [
      ...(statements.allCutOffs.all() as CutOffRow[]).map((row): Signal => ({ kind: 'cut_off', ...fromRow(row) })),
      ...(statements.allChanges.all() as ChangeRow[]).map(
        (row): Signal => ({ kind: 'permissions_changed', ...changeFromRow(row) }),
      ),
    ],
    close() {
      if (!database.open) return
      clearTimeout(calm)
      database.close()
      if (log !== undefined) void Promise.allSettled(settling).then(() => closeSync(log))
    },
  }
}

function openDatabase(path: string): Database.Database {
  try {
    const database = new Database(path)
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = NORMAL')
    database.pragma(`wal_autocheckpoint = ${mostLogPages}`)
    const version = Number(database.pragma('user_version', { simple: true }))
    if (version > schemaVersion) throw new Error(`a newer version has written it, schema ${version}`)
    database.exec(version === 1 ? `BEGIN; ${fromVersion1} COMMIT` : schema)
    database.pragma(`user_version = ${schemaVersion}`)
    return database
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `${path} cannot be opened (${problem}); move it away, and the feeds read again what still matters`,
      { cause },
    )
  }
}

interface CutOffRow {
  issuer: string
  subject: string
  session_id: string
  token_id: string
  client_id: string
  email: string
  not_before: number
  cause: CutOffCause
  received_at: number | null
}

interface ChangeRow {
  issuer: string
  subject: string
  group_name: string
  changed_at: number
}

function prepareStatements(database: Database.Database) {
  return {
    allCutOffs: database.prepare('SELECT * FROM cut_off'),
    allChanges: database.prepare('SELECT * FROM permissions_change'),
    // The other columns are those of the row with the greatest time.
    newest: database.prepare(`
      SELECT *, max(not_before) FROM cut_off GROUP BY issuer, subject, session_id, token_id, client_id, email
      ORDER BY not_before DESC, number DESC LIMIT ?`),
    addCutOff: database.prepare(`
      INSERT INTO cut_off VALUES (
        NULL, @issuer, @subject, @session_id, @token_id, @client_id, @email, @not_before, @cause, @received_at)`),
    raiseChange: database.prepare(`
      INSERT INTO permissions_change VALUES (@issuer, @subject, @group_name, @changed_at)
      ON CONFLICT DO UPDATE SET changed_at = max(changed_at, excluded.changed_at)`),
    sweepCutOffs: database.prepare('DELETE FROM cut_off WHERE not_before < ?'),
    sweepChanges: database.prepare('DELETE FROM permissions_change WHERE changed_at < ?'),
    loadCursor: database.prepare(`
      SELECT newest_user_event_ms AS newestUserEventMs, newest_admin_event_ms AS newestAdminEventMs, read_at_ms AS readAtMs
      FROM feed_cursor WHERE feed = ?`),
    saveCursor: database.prepare(`
      INSERT INTO feed_cursor VALUES (@feed, @newestUserEventMs, @newestAdminEventMs, @readAtMs)
      ON CONFLICT DO UPDATE SET newest_user_event_ms = excluded.newest_user_event_ms,
        newest_admin_event_ms = excluded.newest_admin_event_ms, read_at_ms = excluded.read_at_ms`),
    loadPosition: database.prepare('SELECT epoch, sequence, mark FROM stream_position WHERE feed = ?'),
    savePosition: database.prepare(`
      INSERT INTO stream_position VALUES (@feed, @epoch, @sequence, @mark)
      ON CONFLICT DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, mark = excluded.mark`),
  }
}

/** A member that is not named is the empty text: in SQL, NULL would never equal NULL. */
function toRow(entry: CutOff): CutOffRow {
  return {
    issuer: entry.issuer,
    subject: entry.subject ?? '',
    session_id: entry.sessionId ?? '',
    token_id: entry.tokenId ?? '',
    client_id: entry.clientId ?? '',
    email: entry.email?.toLowerCase() ?? '',
    not_before: Math.floor(entry.notBefore),
    cause: entry.cause,
    received_at: entry.receivedAt ?? null,
  }
}

function fromRow(row: CutOffRow): CutOff {
  return {
    issuer: row.issuer,
    subject: row.subject || undefined,
    sessionId: row.session_id || undefined,
    tokenId: row.token_id || undefined,
    clientId: row.client_id || undefined,
    email: row.email || undefined,
    notBefore: row.not_before,
    cause: row.cause,
    receivedAt: row.received_at ?? undefined,
  }
}

function changeToRow(change: PermissionsChange): ChangeRow {
  return {
    issuer: change.issuer,
    subject: change.subject ?? '',
    group_name: change.group ?? '',
    changed_at: Math.floor(change.changedAt),
  }
}

function changeFromRow(row: ChangeRow): PermissionsChange {
  return {
    issuer: row.issuer,
    subject: row.subject || undefined,
    group: row.group_name || undefined,
    changedAt: row.changed_at,
  }
}

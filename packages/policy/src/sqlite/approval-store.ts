import { migrate } from '@mcp-identity/sqlite-schema'
import Database from 'better-sqlite3'
import type { ApprovalStore, StoredApproval } from '../approvals.ts'
import type { Emergency, EmergencyStore } from '../break-glass.ts'

/** Approvals and emergencies in one SQLite file. */
export interface FourEyesStore extends ApprovalStore, EmergencyStore {
  close(): void
}

/** Never changed, only added to. */
const migrations = [
  `
  CREATE TABLE IF NOT EXISTS approval (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, requested_by TEXT NOT NULL, tool TEXT NOT NULL, subject TEXT NOT NULL,
    expires_at REAL NOT NULL, approved_by TEXT, is_claimed INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS one_open_request ON approval (digest) WHERE approved_by IS NULL;
  CREATE INDEX IF NOT EXISTS approval_by_digest ON approval (digest);
  CREATE TABLE IF NOT EXISTS emergency (declared_by TEXT PRIMARY KEY, justification TEXT NOT NULL, ends_at REAL NOT NULL)
    WITHOUT ROWID;
`,
]

const noticeMs = 100

interface ApprovalRow {
  id: string
  digest: string
  requested_by: string
  tool: string
  subject: string
  expires_at: number
  approved_by: string | null
}

/**
 * Opens the file, and creates it when it is not there. Each change is on disk when its function returns, and whole: of
 * several processes on one file, on one machine, one gets an approval and the others do not; an emergency that another
 * one declares or ends is seen within 0.1 s. `:memory:` keeps nothing.
 *
 * @throws {Error} The file cannot be opened, is no database, or was written by a newer version.
 */
export function openFourEyesStore(path: string): FourEyesStore {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  migrate(database, migrations)
  const open = 'expires_at > @now AND is_claimed = 0'
  const statements = {
    add: database.prepare(`
      INSERT INTO approval (id, digest, requested_by, tool, subject, expires_at)
      VALUES (@id, @digest, @requested_by, @tool, @subject, @expires_at) ON CONFLICT DO NOTHING`),
    find: database.prepare('SELECT * FROM approval WHERE id = ?'),
    waiting: database.prepare(`SELECT * FROM approval WHERE approved_by IS NULL AND ${open} ORDER BY expires_at, id`),
    requested: database.prepare(`SELECT * FROM approval WHERE digest = @digest AND approved_by IS NULL AND ${open}`),
    approve: database.prepare(
      'UPDATE approval SET approved_by = @by, expires_at = @expiresAt WHERE id = @id AND approved_by IS NULL',
    ),
    claim: database.prepare(`
      UPDATE approval SET is_claimed = 1 WHERE id = (
        SELECT id FROM approval WHERE digest = @digest AND approved_by IS NOT NULL AND ${open} ORDER BY expires_at LIMIT 1
      ) RETURNING *`),
    release: database.prepare('UPDATE approval SET is_claimed = 0 WHERE id = ?'),
    remove: database.prepare('DELETE FROM approval WHERE id = ?'),
    sweep: database.prepare('DELETE FROM approval WHERE expires_at <= ?'),
    count: database.prepare('SELECT count(*) FROM approval'),
    declare: database.prepare(`
      INSERT INTO emergency VALUES (@declaredBy, @justification, @endsAt)
      ON CONFLICT DO UPDATE SET justification = excluded.justification, ends_at = excluded.ends_at`),
    end: database.prepare('DELETE FROM emergency WHERE declared_by = ?'),
    sweepEmergencies: database.prepare('DELETE FROM emergency WHERE ends_at <= ?'),
    emergencies: database.prepare(
      'SELECT declared_by AS declaredBy, justification, ends_at AS endsAt FROM emergency WHERE ends_at > ?',
    ),
  }
  const dataVersion = database.prepare('PRAGMA data_version').pluck()
  let known: ReadonlyMap<string, Emergency> | undefined
  let knownVersion: unknown
  let lookAgainAt = 0

  /** Every call asks, and hardly ever is there one. What another process changed is seen within {@link noticeMs}. */
  function knownEmergencies(): ReadonlyMap<string, Emergency> {
    const now = performance.now()
    if (known !== undefined && now < lookAgainAt) return known
    lookAgainAt = now + noticeMs
    const version = dataVersion.get()
    if (known !== undefined && version === knownVersion) return known
    knownVersion = version
    const all = statements.emergencies.all(Number.NEGATIVE_INFINITY) as Emergency[]
    known = new Map(all.map((emergency) => [emergency.declaredBy, emergency]))
    return known
  }

  function emergencyOf(declaredBy: string, now: number): Emergency | undefined {
    const emergency = knownEmergencies().get(declaredBy)
    return emergency !== undefined && emergency.endsAt > now ? emergency : undefined
  }

  const optional = (row: unknown): StoredApproval | undefined =>
    row === undefined ? undefined : fromRow(row as ApprovalRow)

  return {
    add({ requestedBy, subject, expiresAt, id, digest, tool }) {
      const row = {
        id,
        digest,
        tool,
        requested_by: requestedBy,
        subject: JSON.stringify(subject),
        expires_at: expiresAt,
      }
      return statements.add.run(row).changes === 1
    },
    find: (id) => optional(statements.find.get(id)),
    requested: (digest, now) => optional(statements.requested.get({ digest, now })),
    waiting: (now) => (statements.waiting.all({ now }) as ApprovalRow[]).map(fromRow),
    approve: (id, by, expiresAt) => statements.approve.run({ id, by, expiresAt }).changes === 1,
    claim: (digest, now) => optional(statements.claim.get({ digest, now })),
    release: (id) => void statements.release.run(id),
    remove: (id) => void statements.remove.run(id),
    forgetExpired(now) {
      statements.sweep.run(now)
      return statements.count.pluck().get() as number
    },
    declareEmergency(emergency, now) {
      known = undefined
      statements.sweepEmergencies.run(now)
      statements.declare.run(emergency)
    },
    endEmergency(declaredBy) {
      known = undefined
      statements.end.run(declaredBy)
    },
    emergencyOf,
    emergencies: (now) => statements.emergencies.all(now) as Emergency[],
    close: () => void database.close(),
  }
}

function fromRow({ id, digest, requested_by, tool, subject, expires_at, approved_by }: ApprovalRow): StoredApproval {
  return {
    id,
    digest,
    tool,
    requestedBy: requested_by,
    expiresAt: expires_at,
    approvedBy: approved_by ?? undefined,
    subject: JSON.parse(subject),
  }
}

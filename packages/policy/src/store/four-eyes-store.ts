import type { ApprovalStore, StoredApproval } from '../approvals.ts'
import type { Emergency, EmergencyStore } from '../break-glass.ts'
import { openSqlDatabase } from './open-sql-database.ts'
import type { SqlSchema } from './sql-database.ts'

/** Approvals and emergencies in one database. */
export interface FourEyesStore extends ApprovalStore, EmergencyStore {
  close(): Promise<void>
}

const schema: SqlSchema = {
  name: 'approvals',
  migrations: [
    `
  CREATE TABLE IF NOT EXISTS approval (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, requested_by TEXT NOT NULL, tool TEXT NOT NULL, subject TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL, approved_by TEXT, is_claimed INTEGER NOT NULL DEFAULT 0
  );
  CREATE UNIQUE INDEX IF NOT EXISTS one_open_request ON approval (digest) WHERE approved_by IS NULL;
  CREATE INDEX IF NOT EXISTS approval_by_digest ON approval (digest);
  CREATE TABLE IF NOT EXISTS emergency (
    declared_by TEXT PRIMARY KEY, justification TEXT NOT NULL, ends_at DOUBLE PRECISION NOT NULL
  );`,
  ],
}

const lookEveryMs = 100
/** Emergencies that could not be looked up for so long count as ended. */
const forgetAfterMs = 2_000

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
 * Opens where approvals and emergencies are kept: a file of SQLite, `:memory:`, or `postgres://…` that replicas share.
 * Each change is on disk when it resolves, and whole: of all processes there one gets an approval and the others do
 * not; an emergency that another one declares or ends is seen within 0.1 s. While a shared database is away there is no
 * emergency.
 *
 * @throws {Error} It cannot be opened or reached, is no database, or was written by a newer version.
 */
export async function openFourEyesStore(place: string): Promise<FourEyesStore> {
  const database = await openSqlDatabase(place, schema)
  let known: ReadonlyMap<string, Emergency> = new Map()
  let knownAt = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined

  /** Every call asks about emergencies, and hardly ever is there one. */
  async function look(): Promise<void> {
    const askedAt = performance.now()
    const all = await database.all<{ declared_by: string; justification: string; ends_at: number }>(
      'SELECT declared_by, justification, ends_at FROM emergency',
    )
    const emergencies = all.map(({ declared_by: declaredBy, justification, ends_at: endsAt }) => ({
      declaredBy,
      justification,
      endsAt,
    }))
    // Of two who look at once, the one who asked last counts.
    if (askedAt < knownAt) return
    known = new Map(emergencies.map((emergency) => [emergency.declaredBy, emergency]))
    knownAt = askedAt
  }

  await look()
  const timer = setInterval(() => {
    looking ??= look()
      .catch(() => {})
      .finally(() => {
        looking = undefined
      })
  }, lookEveryMs)
  timer.unref()

  function emergencyOf(declaredBy: string, now: number): Emergency | undefined {
    const emergency = performance.now() - knownAt > forgetAfterMs ? undefined : known.get(declaredBy)
    return emergency !== undefined && emergency.endsAt > now ? emergency : undefined
  }

  const open = 'expires_at > $1 AND is_claimed = 0'
  const read = async (condition: string, ...values: (string | number)[]) =>
    (await database.all<ApprovalRow>(`SELECT * FROM approval WHERE ${condition}`, ...values)).map(fromRow)

  return {
    async add({ requestedBy, subject, expiresAt, id, digest, tool }) {
      const insert = `INSERT INTO approval (id, digest, requested_by, tool, subject, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
      return (await database.run(insert, id, digest, requestedBy, tool, JSON.stringify(subject), expiresAt)) === 1
    },
    find: async (id) => (await read('id = $1', id))[0],
    requested: async (digest, now) => (await read(`${open} AND digest = $2 AND approved_by IS NULL`, now, digest))[0],
    waiting: (now) => read(`${open} AND approved_by IS NULL ORDER BY expires_at, id`, now),
    async approve(id, by, expiresAt) {
      const update = 'UPDATE approval SET approved_by = $2, expires_at = $3 WHERE id = $1 AND approved_by IS NULL'
      return (await database.run(update, id, by, expiresAt)) === 1
    },
    async claim(digest, now) {
      // Who comes second finds it claimed, whatever it found before.
      const update = `UPDATE approval SET is_claimed = 1 WHERE is_claimed = 0 AND id = (
          SELECT id FROM approval WHERE ${open} AND digest = $2 AND approved_by IS NOT NULL ORDER BY expires_at LIMIT 1
        ) RETURNING *`
      return (await database.all<ApprovalRow>(update, now, digest)).map(fromRow)[0]
    },
    release: async (id) => void (await database.run('UPDATE approval SET is_claimed = 0 WHERE id = $1', id)),
    remove: async (id) => void (await database.run('DELETE FROM approval WHERE id = $1', id)),
    async forgetExpired(now) {
      await database.run('DELETE FROM approval WHERE expires_at <= $1', now)
      const [row] = await database.all<{ left: number }>('SELECT count(*) AS "left" FROM approval')
      return row?.left ?? 0
    },
    async declareEmergency({ declaredBy, justification, endsAt }, now) {
      await database.run('DELETE FROM emergency WHERE ends_at <= $1', now)
      const insert = `INSERT INTO emergency (declared_by, justification, ends_at) VALUES ($1, $2, $3)
        ON CONFLICT (declared_by) DO UPDATE SET justification = excluded.justification, ends_at = excluded.ends_at`
      await database.run(insert, declaredBy, justification, endsAt)
      await look()
    },
    async endEmergency(declaredBy) {
      await database.run('DELETE FROM emergency WHERE declared_by = $1', declaredBy)
      await look()
    },
    emergencyOf,
    emergencies: (now) => [...known.keys()].flatMap((declaredBy) => emergencyOf(declaredBy, now) ?? []),
    async close() {
      clearInterval(timer)
      await looking
      await database.close()
    },
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

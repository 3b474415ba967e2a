import { DatabaseError, Pool, types } from 'pg'
import { SharedStoreError, type SqlDatabase, type SqlSchema, type SqlSession } from './sql-database.ts'

const connections = 4
/** PostgreSQL gives whole numbers of 64 bits as text; all of ours are safe integers. */
const wholeNumber = 20

/**
 * Connects anew when a connection broke. Table `schema_version` says how far each schema in the database has come.
 *
 * @throws {SharedStoreError} It cannot be reached.
 * @throws {Error} A newer version has written it.
 */
export async function openPostgresDatabase(connectionString: string, schema: SqlSchema): Promise<SqlDatabase> {
  const pool = new Pool({
    connectionString,
    max: connections,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
    keepAlive: true,
    types: {
      getTypeParser: ((id: number, format: 'text') =>
        id === wholeNumber ? Number : types.getTypeParser(id, format)) as typeof types.getTypeParser,
    },
  })
  // A connection that breaks is replaced, whoever has it; without a listener it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))

  const database: SqlDatabase = {
    ...sessionOf(pool),
    async transaction(work) {
      const client = await pool.connect().catch((cause) => {
        throw new SharedStoreError(cause)
      })
      try {
        const session = sessionOf(client)
        await session.run('BEGIN')
        await session.all("SELECT pg_advisory_xact_lock(hashtext('mcp-identity'))")
        const result = await work(session)
        await session.run('COMMIT')
        client.release()
        return result
      } catch (cause) {
        // With its connection goes whatever it had done.
        client.release(true)
        throw cause
      }
    },
    close: () => pool.end(),
  }
  try {
    await database.transaction((session) => migrate(session, schema))
    return database
  } catch (cause) {
    await pool.end()
    throw cause
  }
}

async function migrate(session: SqlSession, { name, migrations }: SqlSchema): Promise<void> {
  await session.run('CREATE TABLE IF NOT EXISTS schema_version (name TEXT PRIMARY KEY, version INTEGER NOT NULL)')
  const known = await session.all<{ version: number }>('SELECT version FROM schema_version WHERE name = $1', name)
  const version = known[0]?.version ?? 0
  if (version > migrations.length) {
    throw new Error(
      `the shared database was written by a newer version (${name} ${version}, known here: ${migrations.length}); start that version`,
    )
  }
  for (const migration of migrations.slice(version)) await session.run(migration)
  const note = 'INSERT INTO schema_version VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET version = excluded.version'
  await session.run(note, name, migrations.length)
}

function sessionOf(client: Pick<Pool, 'query'>): SqlSession {
  const ask = (text: string, values: unknown[]) =>
    client.query(text, values).catch((cause) => {
      // What the server says of a statement is our mistake, unless it says that it ends (class 57).
      throw cause instanceof DatabaseError && !cause.code?.startsWith('57') ? cause : new SharedStoreError(cause)
    })
  return {
    all: async <Row>(text: string, ...values: unknown[]) => (await ask(text, values)).rows as Row[],
    run: async (text, ...values) => (await ask(text, values)).rowCount ?? 0,
  }
}

import { setTimeout as wait } from 'node:timers/promises'
import { migrate } from '@mcp-identity/sqlite-schema'
import Database from 'better-sqlite3'
import type { SqlDatabase, SqlSchema, SqlSession, SqlValue } from './sql-database.ts'

const patienceMs = 5_000
const tryEveryMs = 2

/** Tries a statement again for as long as somebody else has the file in a transaction. */
async function whenFree<Result>(work: () => Result): Promise<Result> {
  for (const end = performance.now() + patienceMs; ; await wait(tryEveryMs)) {
    try {
      return work()
    } catch (cause) {
      if ((cause as { code?: string }).code !== 'SQLITE_BUSY' || performance.now() > end) throw cause
    }
  }
}

/** @throws {Error} The file cannot be opened, is no database, or was written by a newer version. */
export async function openSqliteDatabase(path: string, { migrations }: SqlSchema): Promise<SqlDatabase> {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  migrate(database, migrations)
  // From here on nobody is held up by another process's transaction: see below.
  database.pragma('busy_timeout = 0')
  const prepared = new Map<string, Database.Statement>()
  /** Ends when the work that came before has: what others ask for must not get into a transaction. */
  let last: Promise<unknown> = Promise.resolve()

  function statementOf(text: string): Database.Statement {
    const known = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, known)
    return known
  }

  function inTurn<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }

  // Parameters are numbered, so to SQLite they are named by their numbers.
  const named = (values: SqlValue[]) => Object.fromEntries(values.map((value, index) => [index + 1, value]))
  const all = <Row>(text: string, values: SqlValue[]) => statementOf(text).all(named(values)) as Row[]
  const run = (text: string, values: SqlValue[]) => statementOf(text).run(named(values)).changes
  const session: SqlSession = {
    all: async <Row>(text: string, ...values: SqlValue[]) => all<Row>(text, values),
    run: async (text, ...values) => run(text, values),
  }

  return {
    all: (text, ...values) => inTurn(() => whenFree(() => all(text, values))),
    run: (text, ...values) => inTurn(() => whenFree(() => run(text, values))),
    transaction: (work) =>
      inTurn(async () => {
        await whenFree(() => database.exec('BEGIN IMMEDIATE'))
        try {
          const result = await work(session)
          database.exec('COMMIT')
          return result
        } catch (cause) {
          if (database.inTransaction) database.exec('ROLLBACK')
          throw cause
        }
      }),
    close: () => inTurn(() => void database.close()),
  }
}

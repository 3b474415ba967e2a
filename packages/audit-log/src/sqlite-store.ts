import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { startWorker } from './ask-worker.ts'
import { AuditLogError } from './audit-errors.ts'
import { type AuditReader, type AuditStore, StoreDamagedError } from './audit-store.ts'
import type { LogHead } from './log-head.ts'
import { firstPrevious, headOfLine } from './record-line.ts'
import { readsOfRows, rowsOf, type StoredRow } from './record-rows.ts'
import { sqliteSchema } from './sqlite-schema.ts'
import type { SqliteAnswer, SqliteRequest } from './sqlite-worker.ts'
import { lockForWriting } from './writer-lock.ts'

/**
 * Opens a log in a SQLite database, for writing. Writes happen in a thread of their own, because SQLite waits for the
 * disk where it is called.
 *
 * @throws {AuditLogError} Another writer has the log, or its newest record was changed.
 */
export async function openSqliteStore(path: string): Promise<AuditStore> {
  mkdirSync(dirname(path), { recursive: true })
  const unlock = lockForWriting(path)
  const worker = startWorker<SqliteRequest, SqliteAnswer>(new URL('./sqlite-worker.ts', import.meta.url), { path })
  try {
    await worker.started
    const reader = await openSqliteReader(path)
    let head = await newestRecord(path, reader)
    const remembered = await reader.rememberedHead()
    return {
      ...reader,
      rememberedHead: () => Promise.resolve(remembered),
      get head() {
        return head
      },
      groupsAtOnce: 2,
      tornBytes: 0,
      async append(lines, newHead) {
        const rows = rowsOf(lines, newHead.sequence)
        const answer = await worker.ask({ records: lines.length, rows, head: newHead })
        if ('problem' in answer) throw new Error(answer.problem)
        head = newHead
      },
      async close() {
        await reader.close()
        await worker.ask(null).catch(() => {})
        unlock()
      },
    }
  } catch (cause) {
    await worker.ask(null).catch(() => {})
    unlock()
    throw cause
  }
}

/**
 * Opens a log in a SQLite database for reading.
 *
 * @throws {StoreDamagedError} The database holds something that does not belong to a log.
 */
export async function openSqliteReader(path: string): Promise<AuditReader> {
  return readable(() => readerOf(new Database(path, { fileMustExist: true })))
}

function readerOf(database: Database.Database): AuditReader {
  database.pragma('query_only = ON')
  // In KB, negative: a log is read through once, and no page of it twice.
  database.pragma('cache_size = -2000')
  // Bytes as they are: text that is not UTF-8 must not be mended on the way.
  const after = database.prepare(
    'SELECT sequence, CAST(line AS BLOB) AS bytes FROM record WHERE sequence > ? ORDER BY sequence LIMIT ?',
  )
  const before = database.prepare(
    'SELECT sequence, CAST(line AS BLOB) AS bytes FROM record WHERE sequence < ? ORDER BY sequence DESC LIMIT ?',
  )
  const remembered = database.prepare('SELECT sequence, hash FROM head')

  const rows = readsOfRows({
    after: async (sequence, limit) => rowsBeyond(after, sequence, limit),
    before: async (sequence, limit) => rowsBeyond(before, sequence, limit),
  })

  return {
    async *forward(afterSequence) {
      checkSchema(database)
      yield* rows.forward(afterSequence)
    },
    backward: rows.backward,
    rememberedHead: async () => readable(() => remembered.get() as LogHead | undefined),
    close: async () => {
      database.close()
    },
  }
}

function rowsBeyond(statement: Database.Statement, sequence: number, limit: number): StoredRow[] {
  return readable(() => statement.all(sequence, limit) as StoredRow[])
}

function readable<Found>(read: () => Found): Found {
  try {
    return read()
  } catch (cause) {
    throw new StoreDamagedError(0, `the database cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function checkSchema(database: Database.Database): void {
  const found = database.prepare('SELECT name, sql FROM sqlite_schema').all() as { name: string; sql: string }[]
  const foreign = found.find(({ name, sql }) => sqliteSchema[name] !== sql)
  if (foreign !== undefined)
    throw new StoreDamagedError(0, `"${foreign.name}" does not belong into the database of a log`)
}

async function newestRecord(path: string, reader: AuditReader): Promise<LogHead> {
  for await (const [newest] of reader.backward()) {
    if (newest === undefined) break
    const head = headOfLine(newest)
    if (head === undefined) throw new AuditLogError(`the newest record of ${path} was changed; run the verifier`)
    return head
  }
  return { sequence: 0, hash: firstPrevious }
}

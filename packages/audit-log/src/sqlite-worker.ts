import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { mustFollow } from './audit-store.ts'
import type { LogHead } from './log-head.ts'
import type { RecordRow } from './record-rows.ts'
import { sqliteSchema } from './sqlite-schema.ts'

/** Records to append: how many, their rows, and the last of them. */
export interface SqliteGroup {
  records: number
  rows: readonly RecordRow[]
  head: LogHead
}
/** Without a group: close. */
export type SqliteRequest = SqliteGroup | null
export type SqliteAnswer = { done: true } | { problem: string }

const database = new Database((workerData as { path: string }).path)
database.pragma('journal_mode = WAL')
database.pragma('synchronous = FULL')
// In KB, negative: what is appended is not read again here, and would fill the 16 MB that the binding sets.
database.pragma('cache_size = -2000')
for (const statement of Object.values(sqliteSchema)) database.exec(statement.replace('TABLE', 'TABLE IF NOT EXISTS'))
const insert = database.prepare('INSERT INTO record (sequence, line) VALUES (?, ?)')
const newest = database.prepare('SELECT max(sequence) FROM record').pluck()
const remember = database.prepare('INSERT OR REPLACE INTO head (one, sequence, hash) VALUES (1, ?, ?)')

const append = database.transaction(({ records, rows, head }: SqliteGroup) => {
  mustFollow((newest.get() as number | null) ?? 0, records, head)
  for (const { sequence, lines } of rows) insert.run(sequence, lines)
  remember.run(head.sequence, head.hash)
})

function answer(request: SqliteRequest): SqliteAnswer {
  try {
    if (request === null) database.close()
    else append.immediate(request)
    return { done: true }
  } catch (cause) {
    return { problem: (cause as Error).message }
  }
}

parentPort?.on('message', (request: SqliteRequest) => {
  parentPort?.postMessage(answer(request))
  if (request === null) parentPort?.close()
})
parentPort?.postMessage({ done: true } satisfies SqliteAnswer)

import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { mustFollow } from './audit-store.ts'
import type { LogHead } from './log-head.ts'
import { sqliteSchema } from './sqlite-schema.ts'

/** Lines to append, joined by line feeds; without them: close. */
export interface SqliteRequest {
  lines?: string
  head?: LogHead
}
export type SqliteAnswer = { done: true } | { problem: string }

const database = new Database((workerData as { path: string }).path)
database.pragma('journal_mode = WAL')
database.pragma('synchronous = FULL')
// In KB, negative: what is appended is not read again here, and would fill the 16 MB that the binding sets.
database.pragma('cache_size = -2000')
for (const statement of Object.values(sqliteSchema)) database.exec(statement.replace('TABLE', 'TABLE IF NOT EXISTS'))
/** Rows that one statement inserts: each statement costs as much again as a row. */
const rowsAtOnce = 16
const insertMany = database.prepare(
  `INSERT INTO record (sequence, line) VALUES ${Array(rowsAtOnce).fill('(?, ?)').join(', ')}`,
)
const insertOne = database.prepare('INSERT INTO record (sequence, line) VALUES (?, ?)')
const newest = database.prepare('SELECT max(sequence) FROM record').pluck()
const remember = database.prepare('INSERT OR REPLACE INTO head (one, sequence, hash) VALUES (1, ?, ?)')

const append = database.transaction((lines: string[], head: LogHead) => {
  mustFollow({ sequence: (newest.get() as number | null) ?? 0, hash: '' }, lines, head)
  const first = head.sequence - lines.length + 1
  const many = lines.length - (lines.length % rowsAtOnce)
  for (let index = 0; index < many; index += rowsAtOnce) {
    insertMany.run(lines.slice(index, index + rowsAtOnce).flatMap((line, offset) => [first + index + offset, line]))
  }
  for (let index = many; index < lines.length; index++) insertOne.run(first + index, lines[index])
  remember.run(head.sequence, head.hash)
})

function answer({ lines, head }: SqliteRequest): SqliteAnswer {
  try {
    if (lines === undefined || head === undefined) database.close()
    else append.immediate(lines.split('\n'), head)
    return { done: true }
  } catch (cause) {
    return { problem: (cause as Error).message }
  }
}

parentPort?.on('message', (request: SqliteRequest) => {
  parentPort?.postMessage(answer(request))
  if (request.lines === undefined) parentPort?.close()
})
parentPort?.postMessage({ done: true } satisfies SqliteAnswer)

import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
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
for (const statement of Object.values(sqliteSchema)) database.exec(statement.replace('TABLE', 'TABLE IF NOT EXISTS'))
const insert = database.prepare('INSERT INTO record (sequence, line) VALUES (?, ?)')
const remember = database.prepare('INSERT OR REPLACE INTO head (one, sequence, hash) VALUES (1, ?, ?)')

const append = database.transaction((lines: string[], { sequence, hash }: LogHead) => {
  const first = sequence - lines.length + 1
  for (let index = 0; index < lines.length; index++) insert.run(first + index, lines[index])
  remember.run(sequence, hash)
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

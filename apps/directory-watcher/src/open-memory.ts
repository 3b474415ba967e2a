import type { DirectoryMemory, KnownPerson } from '@mcp-identity/active-directory'
import { migrate } from '@mcp-identity/sqlite-schema'
import Database from 'better-sqlite3'

/** Remembers in a SQLite file what was told about whom. */
export function openMemory(path: string): DirectoryMemory & { close(): void } {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  migrate(database, [
    'CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, person TEXT NOT NULL) STRICT, WITHOUT ROWID',
  ])
  const all = database.prepare<[], { id: string; person: string }>('SELECT id, person FROM people')
  const put = database.prepare<[string, string]>('INSERT OR REPLACE INTO people VALUES (?, ?)')
  const remove = database.prepare<[string]>('DELETE FROM people WHERE id = ?')
  return {
    load: () => new Map(all.all().map(({ id, person }) => [id, JSON.parse(person) as KnownPerson])),
    save: database.transaction((people: ReadonlyMap<string, KnownPerson | undefined>) => {
      for (const [id, person] of people) {
        if (person === undefined) remove.run(id)
        else put.run(id, JSON.stringify(person))
      }
    }),
    close: () => void database.close(),
  }
}

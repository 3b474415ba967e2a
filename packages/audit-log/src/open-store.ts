import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import type { AuditReader, AuditStore } from './audit-store.ts'
import { openLinesReader, openLinesStore } from './lines-store.ts'
import { openPostgresReader, openPostgresStore } from './postgres-store.ts'
import { openSqliteReader, openSqliteStore } from './sqlite-store.ts'

/** Where a log can be stored. */
export type StoreKind = 'sqlite' | 'lines' | 'postgres'

const stores: Readonly<
  Record<StoreKind, { write: (place: string) => Promise<AuditStore>; read: (place: string) => Promise<AuditReader> }>
> = {
  sqlite: { write: openSqliteStore, read: openSqliteReader },
  lines: { write: openLinesStore, read: openLinesReader },
  postgres: { write: openPostgresStore, read: openPostgresReader },
}

export function openStore(place: string): Promise<AuditStore> {
  return stores[storeKind(place)].write(place)
}

/** @throws {Error} There is no log at this place. */
export async function openReader(place: string): Promise<AuditReader> {
  const kind = storeKind(place)
  if (kind !== 'postgres' && !existsSync(place)) throw new Error(`there is no audit log at ${place}`)
  return stores[kind].read(place)
}

/**
 * `postgres://…` is PostgreSQL. A file is what it holds already, SQLite or JSON lines; a new one is JSON lines if its
 * name ends in `.jsonl`, and SQLite otherwise.
 */
export function storeKind(place: string): StoreKind {
  if (/^postgres(ql)?:\/\//.test(place)) return 'postgres'
  const start = existsSync(place) ? firstBytes(place, 16) : ''
  if (start === 'SQLite format 3\0') return 'sqlite'
  return place.endsWith('.jsonl') || start !== '' ? 'lines' : 'sqlite'
}

/** Where a log is, to be told to people: without a password. */
export function describeStore(place: string): string {
  if (storeKind(place) !== 'postgres') return place
  const url = new URL(place)
  url.password = ''
  url.searchParams.delete('password')
  return url.href
}

function firstBytes(path: string, length: number): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, length, 0))
  } finally {
    closeSync(file)
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasPostgresServer, startPostgresServer } from '@mcp-identity/test-kit'
import { afterAll } from 'vitest'

/** Where a store is that several processes open. */
export interface SharedPlace {
  kind: 'SQLite' | 'PostgreSQL'
  /** A new, empty one. */
  place(): string
}

const folder = mkdtempSync(join(tmpdir(), 'stores-'))
let files = 0

/** A real server, for this file of tests alone. */
export const postgresServer = hasPostgresServer() ? startPostgresServer() : undefined

export const sharedPlaces: readonly SharedPlace[] = [
  { kind: 'SQLite', place: () => join(folder, `${++files}.db`) },
  ...(postgresServer === undefined ? [] : [{ kind: 'PostgreSQL', place: postgresServer.newDatabase } as const]),
]

afterAll(() => {
  postgresServer?.stop()
  rmSync(folder, { recursive: true })
})

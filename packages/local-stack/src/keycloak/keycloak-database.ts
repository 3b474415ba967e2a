import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivateFile } from '../process/write-private-file.ts'

/** Everything that decides what an imported database holds. Each member is a fingerprint or plain text. */
export interface DatabaseOrigin {
  addresses: string
  secrets: string
  server: string
  realm: string
}

export type DatabasePlan = { outcome: 'keep' } | { outcome: 'import'; because: string }

const markerName = 'imported-from.json'

const reasons: [member: keyof DatabaseOrigin, because: string][] = [
  ['addresses', 'the addresses changed'],
  ['secrets', 'the secrets are new'],
  ['server', 'the options of Keycloak changed'],
  ['realm', 'the realm changed in the code'],
]

/**
 * Decides whether the database of the run before still holds what the code says.
 *
 * The marker is written only after a start that went well, so the rest of a failed import counts for nothing.
 *
 * @param folder Keycloak's folder in this checkout.
 */
export function planDatabase(folder: string, origin: DatabaseOrigin): DatabasePlan {
  const before = readMarker(folder)
  if (before === undefined || !existsSync(databaseFile(folder))) return { outcome: 'import', because: 'first start' }
  const because = reasons.find(([member]) => before[member] !== origin[member])?.[1]
  return because === undefined ? { outcome: 'keep' } : { outcome: 'import', because }
}

/** Empties the database and lays the realms out for import. */
export function layOutImport(folder: string, realms: readonly { name: string; json: string }[]): void {
  rmSync(join(folder, markerName), { force: true })
  rmSync(dataFolderOf(folder), { recursive: true, force: true })
  const imports = join(dataFolderOf(folder), 'import')
  mkdirSync(imports, { recursive: true, mode: 0o700 })
  for (const { name, json } of realms) writeFileSync(join(imports, `${name}-realm.json`), json, { mode: 0o600 })
}

/** Remembers what the database was imported from; called once Keycloak is ready. */
export function markImported(folder: string, origin: DatabaseOrigin): void {
  writePrivateFile(join(folder, markerName), JSON.stringify(origin, undefined, 2))
}

export function dataFolderOf(folder: string): string {
  return join(folder, 'home', 'data')
}

/** A short fingerprint of a document. */
export function fingerprint(document: unknown): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 16)
}

function databaseFile(folder: string): string {
  return join(dataFolderOf(folder), 'h2', 'keycloakdb.mv.db')
}

function readMarker(folder: string): Partial<DatabaseOrigin> | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, markerName), 'utf8'))
  } catch {
    return undefined
  }
}

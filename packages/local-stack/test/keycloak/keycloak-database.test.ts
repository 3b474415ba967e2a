import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type DatabaseOrigin,
  dataFolderOf,
  layOutImport,
  markImported,
  planDatabase,
} from '../../src/keycloak/keycloak-database.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const origin: DatabaseOrigin = { addresses: 'http://localhost:8483', secrets: 'a', server: 'b', realm: 'c' }

describe('planDatabase', () => {
  test('keeps the database while everything it came from is the same', () => {
    expect(planDatabase(importedFolder(), { ...origin })).toEqual({ outcome: 'keep' })
  })

  test('imports at the first start', () => {
    expect(planDatabase(temporaryFolder(), origin)).toEqual({ outcome: 'import', because: 'first start' })
  })

  test.each<[keyof DatabaseOrigin, string]>([
    ['realm', 'the realm changed in the code'],
    ['addresses', 'the addresses changed'],
    ['secrets', 'the secrets are new'],
    ['server', 'the options of Keycloak changed'],
  ])('imports anew when the %s differs, and says so', (member, because) => {
    expect(planDatabase(importedFolder(), { ...origin, [member]: 'other' })).toEqual({ outcome: 'import', because })
  })

  test('gives the addresses as the reason when the realm differs because of them', () => {
    expect(planDatabase(importedFolder(), { ...origin, addresses: 'other', realm: 'other' })).toMatchObject({
      because: 'the addresses changed',
    })
  })

  test('imports anew after an import that did not come to its end', () => {
    const folder = importedFolder()
    layOutImport(folder, [{ name: 'company', json: '{}' }])
    fillDatabase(folder)
    expect(planDatabase(folder, origin).outcome).toBe('import')
  })

  test('imports anew when the marker is unreadable', () => {
    const folder = importedFolder()
    writeFileSync(join(folder, 'imported-from.json'), '{')
    expect(planDatabase(folder, origin).outcome).toBe('import')
  })
})

describe('layOutImport', () => {
  test('empties the database and leaves the realm for import, readable by its owner only', () => {
    const folder = importedFolder()
    layOutImport(folder, [{ name: 'company', json: '{"realm":"company"}' }])
    const file = join(dataFolderOf(folder), 'import', 'company-realm.json')
    expect(readFileSync(file, 'utf8')).toBe('{"realm":"company"}')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(existsSync(join(dataFolderOf(folder), 'h2'))).toBe(false)
  })
})

function importedFolder(): string {
  const folder = temporaryFolder()
  fillDatabase(folder)
  markImported(folder, origin)
  return folder
}

function fillDatabase(folder: string): void {
  mkdirSync(join(dataFolderOf(folder), 'h2'), { recursive: true })
  writeFileSync(join(dataFolderOf(folder), 'h2', 'keycloakdb.mv.db'), 'tables')
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openReviewStore } from '../src/access-review/review-store.ts'
import { openFourEyesStore } from '../src/store/four-eyes-store.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'older-'))
  path = join(folder, 'store.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(sql: string): void {
  const database = new Database(path)
  database.exec(sql)
  database.close()
}

it('the access review goes on with a file from before schemas had versions, and what tokens said and logs tell is learned anew', async () => {
  write(`
    CREATE TABLE use_cursor (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL);
    INSERT INTO use_cursor VALUES (1, 42);
    CREATE TABLE seen_roles (
      issuer TEXT NOT NULL, subject TEXT NOT NULL, client_id TEXT NOT NULL, roles TEXT NOT NULL, at TEXT NOT NULL,
      PRIMARY KEY (issuer, subject)
    ) WITHOUT ROWID;
    INSERT INTO seen_roles VALUES ('https://sso.company.com', 'alice', 'cli', '[]', '2026-11-28T10:00:00Z')`)
  const store = await openReviewStore(path)
  expect(await store.usedUntil('log-1')).toBe(0)
  expect(await store.seen('https://sso.company.com')).toEqual([])
  await store.close()
})

it.each([
  ['access review', openReviewStore],
  ['approvals', openFourEyesStore],
])('the %s refuses a file that a newer version has written', async (_what, open) => {
  write('PRAGMA user_version = 99')
  await expect(open(path)).rejects.toThrow(/written by a newer version/)
})

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CutOff } from '../../src/signal.ts'
import { openCutOffStore } from '../../src/sqlite/cut-off-store.ts'

const issuer = 'https://sso.company.com/realms/company'
const now = 1_795_452_957
const disabled: CutOff = { issuer, subject: 'alice', notBefore: now, cause: 'account_disabled', receivedAt: now + 0.25 }
const token = { issuer, subject: 'alice', sessionId: 's1', tokenId: 't1', clientId: 'cli', issuedAt: now }

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cut-offs-'))
  path = join(folder, 'cut-offs.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = (clock = now) => openCutOffStore(path, { clock: () => clock, retentionSeconds: 3_660 })

it('refuses a file that a newer version has written', () => {
  const database = new Database(path)
  database.pragma('user_version = 99')
  database.close()
  expect(() => open()).toThrow('a newer version has written it, schema 99')
})

it('takes a file of version 1 further', () => {
  const database = new Database(path)
  database.exec(`
    CREATE TABLE cut_off (
      issuer TEXT NOT NULL, subject TEXT NOT NULL, session_id TEXT NOT NULL, token_id TEXT NOT NULL, client_id TEXT NOT NULL,
      email TEXT NOT NULL, not_before INTEGER NOT NULL, cause TEXT NOT NULL, received_at REAL,
      PRIMARY KEY (issuer, subject, session_id, token_id, client_id, email)
    ) WITHOUT ROWID;
    CREATE INDEX cut_off_by_time ON cut_off (not_before);
    PRAGMA user_version = 1`)
  database
    .prepare('INSERT INTO cut_off VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
    .run(issuer, 'alice', '', '', '', '', now, 'account_disabled', now + 0.25)
  database.close()
  for (const _ of ['first', 'second']) {
    const store = open()
    expect(store.reasonRefused(token)).toBe('account_disabled')
    expect(store.list(10)).toEqual([disabled])
    store.close()
  }
})

describe('after a restart', () => {
  it('refuses from its first moment what was refused before', () => {
    const store = open()
    store.cutOff(disabled)
    store.changePermissions({ issuer, subject: 'erin', changedAt: now })
    store.close()
    const again = open()
    expect(again.reasonRefused(token)).toBe('account_disabled')
    expect(again.permissionsChangedSince({ ...token, subject: 'erin' }, [])).toBe(true)
    again.close()
  })

  it('has kept the latest of two cut-offs, whichever came first', () => {
    const store = open()
    store.cutOff({ ...disabled, notBefore: now + 5 })
    store.cutOff(disabled)
    store.close()
    const again = open()
    expect(again.reasonRefused({ ...token, issuedAt: now + 5 })).toBe('account_disabled')
    again.close()
  })

  it('has kept it even when the process was killed', () => {
    const store = open()
    store.cutOff(disabled)
    const copy = open()
    expect(copy.reasonRefused(token)).toBe('account_disabled')
    copy.close()
    store.close()
  })

  it('has kept what nobody waited for the disk with, and a cursor never without it', () => {
    const cursor = { newestUserEventMs: 1, newestAdminEventMs: 2, readAtMs: 3 }
    const store = open()
    store.takeIn([{ kind: 'cut_off', ...disabled }])
    store.cursorStore('keycloak').save(cursor)
    const copy = open()
    expect(copy.reasonRefused(token)).toBe('account_disabled')
    expect(copy.cursorStore('keycloak').load()).toEqual(cursor)
    copy.close()
    store.close()
  })

  it('has forgotten what is past retention, and nothing younger', () => {
    const store = open()
    store.cutOff(disabled)
    store.close()
    const atRetention = open(now + 3_660)
    expect(atRetention.reasonRefused(token)).toBe('account_disabled')
    atRetention.close()
    const later = open(now + 3_661)
    expect(later.size).toBe(0)
    later.close()
  })

  it('goes on from the cursor of each feed', () => {
    const cursor = { newestUserEventMs: 1.5, newestAdminEventMs: 2, readAtMs: 3 }
    const store = open()
    store.cursorStore('keycloak').save({ ...cursor, readAtMs: 1 })
    store.cursorStore('keycloak').save(cursor)
    store.close()
    const again = open()
    expect(again.cursorStore('keycloak').load()).toEqual(cursor)
    expect(again.cursorStore('other').load()).toBeUndefined()
    again.close()
  })
})

it('keeps signals together: all of them or none', () => {
  const store = open()
  const bad = { ...disabled, kind: 'cut_off' as const, issuer: null as unknown as string }
  expect(() => store.applyAll([{ kind: 'cut_off', ...disabled }, bad])).toThrow()
  store.close()
  const database = new Database(path)
  expect(database.prepare('SELECT count(*) AS n FROM cut_off').get()).toEqual({ n: 0 })
  database.close()
})

it('refuses at once even if the disk fails, and tells the caller that it failed', () => {
  const store = open()
  store.close()
  expect(() => store.cutOff(disabled)).toThrow()
  expect(store.reasonRefused(token)).toBe('account_disabled')
})

it('writes with the next what the disk did not take', () => {
  const store = open()
  const other = new Database(path)
  other.pragma('busy_timeout = 0')
  other.exec("CREATE TRIGGER full BEFORE INSERT ON cut_off BEGIN SELECT raise(ABORT, 'the disk is full'); END")
  expect(() => store.takeIn([{ kind: 'cut_off', ...disabled }])).toThrow('the disk is full')
  other.exec('DROP TRIGGER full')
  other.close()
  store.takeIn([{ kind: 'cut_off', ...disabled }])
  store.close()
  const again = open()
  expect(again.reasonRefused(token)).toBe('account_disabled')
  again.close()
})

it('says when the disk has all of it, and that it failed', async () => {
  const store = open()
  store.takeIn([{ kind: 'cut_off', ...disabled }])
  await expect(store.settle()).resolves.toBeUndefined()
  const underWay = store.settle()
  store.close()
  await expect(underWay).resolves.toBeUndefined()
  store.close()
  expect(() => store.takeIn([{ kind: 'cut_off', ...disabled }])).toThrow()
  await expect(store.settle()).rejects.toThrow('closed')
})

describe('what is written into the log', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const signals = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ kind: 'cut_off', ...disabled, subject: `${index}` }) as const)

  /** Rows of the database itself, without its log. */
  function rowsInDatabase(): unknown {
    const copy = `${path}-alone`
    copyFileSync(path, copy)
    const database = new Database(copy)
    const exists = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'cut_off'`).get() !== undefined
    const rows = exists ? database.prepare('SELECT count(*) FROM cut_off').pluck().get() : 0
    database.close()
    return rows
  }

  it('goes into the database when none came for 2 s after a thousand', () => {
    const store = open()
    store.takeIn(signals(1_000))
    vi.advanceTimersByTime(1_999)
    expect(rowsInDatabase()).toBe(0)
    vi.advanceTimersByTime(1)
    expect(rowsInDatabase()).toBe(1_000)
    store.close()
  })

  it('waits while more come, and each 2 s are from the last', () => {
    const store = open()
    store.takeIn(signals(1_000))
    vi.advanceTimersByTime(1_999)
    store.takeIn([{ kind: 'cut_off', ...disabled }])
    vi.advanceTimersByTime(1_999)
    expect(rowsInDatabase()).toBe(0)
    vi.advanceTimersByTime(1)
    expect(rowsInDatabase()).toBe(1_001)
    store.close()
  })

  it('stays there when fewer came', () => {
    const store = open()
    store.takeIn(signals(999))
    vi.advanceTimersByTime(60_000)
    expect(rowsInDatabase()).toBe(0)
    store.close()
  })
})

it('lists what stands, newest first, and of each only the latest', () => {
  const store = open()
  store.cutOff({ ...disabled, notBefore: now - 9 })
  store.cutOff(disabled)
  store.cutOff({ issuer, sessionId: 's9', notBefore: now + 1, cause: 'session_ended' })
  store.cutOff({ ...disabled, notBefore: now - 5, cause: 'logged_out' })
  expect(store.list(10)).toEqual([{ issuer, sessionId: 's9', notBefore: now + 1, cause: 'session_ended' }, disabled])
  store.close()
})

it('does not open a file that is something else', () => {
  writeFileSync(path, 'a letter to the editor, long enough to be no database at all')
  expect(() => open()).toThrow('not a database')
})

import Database from 'better-sqlite3'
import { beforeEach, expect, it } from 'vitest'
import { migrate } from '../src/migrate.ts'

const first = 'CREATE TABLE person (name TEXT PRIMARY KEY) STRICT'
const second = "ALTER TABLE person ADD COLUMN department TEXT NOT NULL DEFAULT 'unknown'"
let database: Database.Database
const version = () => database.pragma('user_version', { simple: true })

beforeEach(() => {
  database = new Database(':memory:')
})

it('makes a new database in the newest version', () => {
  migrate(database, [first, second])
  expect(version()).toBe(2)
  database.prepare('INSERT INTO person VALUES (?, ?)').run('alice', 'Engineering')
})

it('takes an older one further, with what it holds', () => {
  migrate(database, [first])
  database.exec("INSERT INTO person VALUES ('alice')")
  migrate(database, [first, second])
  expect(database.prepare('SELECT * FROM person').all()).toEqual([{ name: 'alice', department: 'unknown' }])
})

it('does nothing to one that is there already', () => {
  migrate(database, [first])
  expect(() => migrate(database, [first])).not.toThrow()
})

it('leaves a database as it was when a migration fails', () => {
  migrate(database, [first])
  expect(() => migrate(database, [first, second, 'no SQL'])).toThrow('syntax error')
  expect(version()).toBe(1)
  expect(() => database.exec("INSERT INTO person VALUES ('alice')")).not.toThrow()
})

it('refuses one that a newer version has written, and leaves it as it was', () => {
  migrate(database, [first, second])
  expect(() => migrate(database, [first])).toThrow('schema 2, known here: 1); start that version')
  expect(version()).toBe(2)
})

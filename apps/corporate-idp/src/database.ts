import { migrate } from '@mcp-identity/sqlite-schema'
import Database from 'better-sqlite3'

export type CompanyDatabase = Database.Database

/**
 * Opens the one database of the corporate IdP: people, groups, sign-in state and signals still to be sent. They share a
 * file so that "she is disabled, her sessions are gone, these signals are due" is one transaction.
 *
 * @param path A file, or `:memory:` in tests.
 */
export function openDatabase(path: string): CompanyDatabase {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  // A change is answered only once it would survive a power cut.
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma('busy_timeout = 5000')
  migrate(database, migrations)
  return database
}

/** Never changed, only added to. */
const migrations = [
  `
  CREATE TABLE people (
    username TEXT PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    department TEXT NOT NULL,
    zoneinfo TEXT NOT NULL,
    country TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    password_is_published INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    last_signed_in_at_ms INTEGER
  ) STRICT;
  CREATE TABLE groups (name TEXT PRIMARY KEY) STRICT;
  CREATE TABLE memberships (
    username TEXT NOT NULL REFERENCES people (username) ON DELETE CASCADE,
    group_name TEXT NOT NULL REFERENCES groups (name) ON DELETE CASCADE,
    PRIMARY KEY (username, group_name)
  ) STRICT;
  CREATE TABLE provider_state (
    model TEXT NOT NULL,
    id TEXT NOT NULL,
    payload TEXT NOT NULL,
    account_id TEXT,
    grant_id TEXT,
    uid TEXT,
    user_code TEXT,
    expires_at_ms INTEGER,
    PRIMARY KEY (model, id)
  ) STRICT;
  CREATE INDEX provider_state_by_account ON provider_state (account_id);
  CREATE INDEX provider_state_by_grant ON provider_state (grant_id);
  CREATE INDEX provider_state_by_uid ON provider_state (model, uid);
  CREATE INDEX provider_state_by_expiry ON provider_state (expires_at_ms);
  CREATE TABLE signals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    after_ids TEXT NOT NULL DEFAULT '[]',
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    next_attempt_at_ms INTEGER NOT NULL,
    finished_at_ms INTEGER,
    remark TEXT
  ) STRICT;
  CREATE INDEX signals_pending ON signals (state, next_attempt_at_ms);
  CREATE INDEX signals_by_person ON signals (username, id);
  `,
  `
  CREATE TABLE departed (
    subject TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    last_signed_in_at_ms INTEGER,
    removed_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX departed_by_username ON departed (username, removed_at_ms);
  `,
]

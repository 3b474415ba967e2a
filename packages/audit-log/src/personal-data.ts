import { createCipheriv, createDecipheriv, hash, randomBytes, randomFillSync } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import type { AuditEvent } from './audit-event.ts'
import { withoutTokens } from './record-line.ts'

/** Members of an event that say who a person is or what she wrote, but for numbers alone; issuer and subject stay readable. */
export const personalMembers = ['email', 'name', 'readableArguments', 'details'] as const

/** Whose personal data: the subject of one issuer. */
export interface DataSubject {
  issuer: string
  subject: string
}

/**
 * Keys that the personal members of events are encrypted with, one for each person and calendar month. Dropping a key
 * erases those members everywhere, backups of the log included, and leaves every record's bytes and hash as they are.
 */
export interface PersonalDataVault {
  /**
   * The event with its personal members encrypted in `sealed`, and undefined themselves; an event about nobody stays as it
   * is. A key that is new for it is not kept yet: see {@link PersonalDataVault.keepKeys}.
   */
  seal<Event extends AuditEvent & { time: string }>(event: Event): Event
  /**
   * Makes the keys durable that were made since, all at once: to be called before what was sealed is written.
   *
   * @throws {Error} They cannot be kept now; the next call tries again.
   */
  keepKeys(): void
  /** The event with its personal members readable again, as far as the key is still there. */
  open<Event extends AuditEvent>(event: Event): Event
  /** Drops all keys of a person. @returns How many. */
  erase(subject: DataSubject): number
  /** Drops the keys of all months before the one of this instant. @returns How many. */
  eraseBefore(isoInstant: string): number
  /** How many keys the vault holds for a person. */
  keysOf(subject: DataSubject): number
  /** What was erased, here or by another process, and is not marked yet as being on record. */
  erasuresToRecord(): Erasure[]
  /** Marks an erasure as being on record. */
  markRecorded(erasure: Erasure): void
  close(): void
}

/** Keys that were dropped: those of a person, or those of all months before one. */
export interface Erasure {
  number: number
  subject?: DataSubject
  /** `2026-01`, this month excepted. */
  beforeMonth?: string
  /** How many keys. */
  keys: number
}

const schema = `
  CREATE TABLE IF NOT EXISTS key (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, month TEXT NOT NULL, secret BLOB NOT NULL, UNIQUE (owner, month)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS erasure (
    number INTEGER PRIMARY KEY, issuer TEXT, subject TEXT, before_month TEXT, keys INTEGER NOT NULL
  ) STRICT;`
const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
const rememberedKeys = 10_000
/** How long this process may go on with a key that another one dropped. */
const noticeMs = 1_000

/**
 * Opens the vault, a SQLite database that only its owner can read, and makes it when it is not there. Keep it apart
 * from the log, and out of the log's backups: whoever has both can read what was erased.
 */
export function openPersonalDataVault(path: string): PersonalDataVault {
  mkdirSync(dirname(path), { recursive: true })
  const umask = process.umask(0o077)
  const database = new Database(path)
  process.umask(umask)
  // Rollback journal and secure delete: a dropped key leaves no copy behind in the database.
  database.pragma('journal_mode = TRUNCATE')
  database.pragma('synchronous = FULL')
  database.pragma('secure_delete = ON')
  // In KB, negative: keys in use are remembered above it.
  database.pragma('cache_size = -2000')
  database.exec(schema)
  const byOwner = database.prepare('SELECT id, secret FROM key WHERE owner = ? AND month = ?')
  const byId = database.prepare('SELECT secret FROM key WHERE id = ?')
  const insert = database.prepare('INSERT INTO key (id, owner, month, secret) VALUES (?, ?, ?, ?)')
  const dropOwner = database.prepare('DELETE FROM key WHERE owner = ?')
  const dropBefore = database.prepare('DELETE FROM key WHERE month < ?')
  const countOwner = database.prepare('SELECT count(*) FROM key WHERE owner = ?').pluck()
  const noteErasure = database.prepare(
    'INSERT INTO erasure (issuer, subject, before_month, keys) VALUES (@issuer, @subject, @beforeMonth, @keys)',
  )
  const erasures = database.prepare('SELECT * FROM erasure ORDER BY number')
  const forgetErasure = database.prepare('DELETE FROM erasure WHERE number = ?')
  const dataVersion = database.prepare('PRAGMA data_version').pluck()
  const current = createKeysInUse()
  /** Made, and not on the disk yet. */
  const fresh = new Map<string, FreshKey>()
  const nextNonce = createNonces()
  let seenVersion = dataVersion.get()
  let lookAgainAt = 0

  /** Another process may have dropped keys: what is encrypted with one of those can never be read. */
  function forgetDroppedKeys(): void {
    const now = performance.now()
    if (now < lookAgainAt) return
    lookAgainAt = now + noticeMs
    const version = dataVersion.get()
    if (version !== seenVersion) current.clear()
    seenVersion = version
  }

  const drop = database.transaction((remove: () => number, what: Partial<DataSubject> & { beforeMonth?: string }) => {
    const keys = remove()
    if (keys > 0) noteErasure.run({ issuer: null, subject: null, beforeMonth: null, ...what, keys })
    return keys
  })

  function keyOf(subject: DataSubject, month: string): PersonalKey {
    forgetDroppedKeys()
    const remembered = current.find(subject)
    if (remembered?.month === month) return remembered
    const owner = ownerOf(subject)
    const { id, secret } = fresh.get(`${owner} ${month}`) ?? findKey(owner, month) ?? makeKey(owner, month)
    const key = { id, month, secret, lastText: '', lastData: '' }
    current.keep(subject, key)
    return key
  }

  const findKey = (owner: string, month: string) =>
    byOwner.get(owner, month) as Pick<FreshKey, 'id' | 'secret'> | undefined

  function makeKey(owner: string, month: string): FreshKey {
    const key = { id: randomBytes(12).toString('base64url'), owner, month, secret: randomBytes(32) }
    fresh.set(`${owner} ${month}`, key)
    return key
  }

  const insertAll = database.transaction((keys: Iterable<FreshKey>) => {
    for (const { id, owner, month, secret } of keys) insert.run(id, owner, month, secret)
  })

  function keepKeys(): void {
    if (fresh.size === 0) return
    insertAll.immediate(fresh.values())
    fresh.clear()
  }

  /**
   * Encrypts, or repeats what was made of the same text last: the two records of one call say the same about a person.
   * Equal data shows that two records of one person say the same, as `argumentsDigest` does, and nothing of what.
   */
  function encryptOnce(key: PersonalKey, text: string): string {
    if (key.lastText === text) return key.lastData
    key.lastData = encrypt(key.secret, key.id, nextNonce(), text)
    key.lastText = text
    return key.lastData
  }

  return {
    seal(event) {
      const { issuer, subject } = event
      const personal = JSON.stringify(personalOf(event))
      if (issuer === undefined || subject === undefined || personal === '{}') return event
      const key = keyOf({ issuer, subject }, event.time.slice(0, 7))
      const sealed = { key: key.id, data: encryptOnce(key, withoutTokens(personal)) }
      const details = isFiguresAlone(event.details) ? event.details : undefined
      // Copied whole and written over: one member after the other takes several times as long.
      return { ...event, ...nothingPersonal, details, sealed }
    },
    keepKeys,
    open(event) {
      if (event.sealed === undefined) return event
      const { sealed, ...rest } = event
      const key = byId.get(sealed.key) as { secret: Buffer } | undefined
      if (key === undefined) return event
      return { ...rest, ...JSON.parse(decrypt(key.secret, sealed.key, sealed.data)) }
    },
    erase(subject) {
      keepKeys()
      current.clear()
      return drop.immediate(() => dropOwner.run(ownerOf(subject)).changes, subject)
    },
    eraseBefore(isoInstant) {
      keepKeys()
      current.clear()
      const beforeMonth = new Date(isoInstant).toISOString().slice(0, 7)
      return drop.immediate(() => dropBefore.run(beforeMonth).changes, { beforeMonth })
    },
    keysOf: (subject) => countOwner.get(ownerOf(subject)) as number,
    erasuresToRecord: () => (erasures.all() as ErasureRow[]).map(readErasure),
    markRecorded: ({ number }) => void forgetErasure.run(number),
    close: () => database.close(),
  }
}

interface ErasureRow {
  number: number
  issuer: string | null
  subject: string | null
  before_month: string | null
  keys: number
}

function readErasure({ number, issuer, subject, before_month: beforeMonth, keys }: ErasureRow): Erasure {
  const whose = issuer === null || subject === null ? {} : { subject: { issuer, subject } }
  return { number, ...whose, ...(beforeMonth !== null && { beforeMonth }), keys }
}

interface FreshKey {
  readonly id: string
  readonly owner: string
  readonly month: string
  readonly secret: Buffer
}

interface PersonalKey {
  readonly id: string
  /** `2026-01`. */
  readonly month: string
  readonly secret: Buffer
  /** What was encrypted last, and what it became. */
  lastText: string
  lastData: string
}

type PersonalMember = (typeof personalMembers)[number]

const nothingPersonal: Readonly<Record<PersonalMember, undefined>> = {
  email: undefined,
  name: undefined,
  readableArguments: undefined,
  details: undefined,
}

/** JSON leaves out what is undefined. */
function personalOf({ email, name, readableArguments, details }: AuditEvent): Record<PersonalMember, unknown> {
  return { email, name, readableArguments, details: isFiguresAlone(details) ? undefined : details }
}

/** Numbers alone, as when something counts from and how many calls it ended, say nothing of who she is. */
function isFiguresAlone(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'number')
}

/** The vault does not say whose its keys are to who does not know the subject. */
function ownerOf({ issuer, subject }: DataSubject): string {
  return hash('sha256', JSON.stringify([issuer, subject]), 'base64url')
}

/** The keys of this month, by issuer and subject: of strings that every record of a caller shares, nothing is put together. */
function createKeysInUse() {
  const byIssuer = new Map<string, Map<string, PersonalKey>>()
  let count = 0
  function clear(): void {
    byIssuer.clear()
    count = 0
  }
  return {
    find: ({ issuer, subject }: DataSubject): PersonalKey | undefined => byIssuer.get(issuer)?.get(subject),
    keep({ issuer, subject }: DataSubject, key: PersonalKey): void {
      if (count >= rememberedKeys) clear()
      count += 1
      const bySubject = byIssuer.get(issuer)
      if (bySubject === undefined) byIssuer.set(issuer, new Map([[subject, key]]))
      else bySubject.set(subject, key)
    },
    clear,
  }
}

/** Random nonces, fetched many at a time: asking for twelve bytes costs as much as asking for thousands. */
function createNonces(): () => Buffer {
  const pool = Buffer.alloc(nonceBytes * 512)
  let at = pool.length
  return () => {
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    at += nonceBytes
    return pool.subarray(at - nonceBytes, at)
  }
}

function encrypt(secret: Buffer, id: string, nonce: Buffer, text: string): string {
  const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(id))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

function decrypt(secret: Buffer, id: string, data: string): string {
  const bytes = Buffer.from(data, 'base64url')
  const decipher = createDecipheriv(algorithm, secret, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(id)).setAuthTag(bytes.subarray(-tagBytes))
  return `${decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8')}${decipher.final('utf8')}`
}

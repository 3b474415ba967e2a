import type { DevelopmentPerson } from '@mcp-identity/sample-company'
import type { CompanyDatabase } from '../database.ts'
import { hashPassword, isPassword, type PasswordCost } from './password.ts'
import type { Departed, NewPerson, Person, Profile } from './person.ts'

export type PasswordCheck =
  | { outcome: 'right'; person: Person }
  | { outcome: 'disabled'; person: Person }
  | { outcome: 'wrong' }

export interface Directory {
  find(username: string): Person | undefined
  findBySubject(subject: string): Person | undefined
  /** Everybody, by username. */
  list(): Person[]
  groups(): string[]
  /** Leaves those alone that are there. */
  addGroups(names: readonly string[]): void
  /** Takes as long for a username that nobody has as for a wrong password. */
  checkPassword(username: string, password: string): Promise<PasswordCheck>
  setActive(username: string, active: boolean): void
  setGroups(username: string, groups: readonly string[]): void
  hashPassword(password: string): Promise<string>
  /** A password that was published once counts as published for ever: production refuses the directory. */
  setPasswordHash(username: string, hash: string): void
  /** @throws {TakenError} The user name, the subject or the e-mail address is somebody's, or was. */
  add(person: NewPerson, passwordHash: string): void
  setProfile(username: string, profile: Partial<Profile>): void
  /** Takes somebody out. Her subject is never given to anybody else. */
  remove(username: string, atMs: number): void
  /** Whoever had this user name last and was removed. */
  findDeparted(username: string): Departed | undefined
  noteSignIn(subject: string, atMs: number): void
  /** Usernames of accounts whose password is published. */
  publishedPasswords(): string[]
  /** Adds groups and people who are not there yet; leaves those who are there as they are. */
  seed(groups: readonly string[], people: readonly DevelopmentPerson[]): Promise<void>
}

/** Somebody has this already. */
export class TakenError extends Error {
  override readonly name = 'TakenError'
}

/** The group that everybody is in. */
export const everybodysGroup = 'All Staff'

/**
 * The directory of people and groups, on an open database. Knows nothing of sign-ins, sessions and signals.
 *
 * @param passwordCost Cost of new password hashes. Default: 32 MiB, three passes.
 */
export function createDirectory(database: CompanyDatabase, passwordCost?: PasswordCost): Directory {
  const statements = prepare(database)
  let nobodysHash: Promise<string> | undefined

  const toPerson = (row: PersonRow | undefined): Person | undefined =>
    row && {
      username: row.username,
      subject: row.subject,
      givenName: row.given_name,
      familyName: row.family_name,
      email: row.email,
      department: row.department,
      zoneinfo: row.zoneinfo,
      country: row.country,
      active: row.active === 1,
      groups: statements.groupsOf.all(row.username).map(({ name }) => name),
      ...(row.last_signed_in_at_ms === null ? {} : { lastSignedInAtMs: row.last_signed_in_at_ms }),
    }
  const find = (username: string) => toPerson(statements.byUsername.get(username.toLowerCase()))

  const setGroups = database.transaction((username: string, groups: readonly string[]) => {
    statements.leaveGroups.run(username)
    for (const group of new Set([...groups, everybodysGroup])) statements.joinGroup.run(username, group)
  })

  return {
    find,
    findBySubject: (subject) => toPerson(statements.bySubject.get(subject)),
    list: () => statements.all.all().flatMap((row) => toPerson(row) ?? []),
    addGroups: database.transaction((names: readonly string[]) => {
      for (const name of names) statements.addGroup.run(name)
    }),
    groups: () => statements.groups.all().map(({ name }) => name),
    async checkPassword(username, password) {
      const person = find(username)
      const stored = person && statements.byUsername.get(person.username)?.password_hash
      nobodysHash ??= hashPassword('nobody has this password', passwordCost)
      const isRight = await isPassword(password, stored ?? (await nobodysHash))
      if (!isRight || person === undefined) return { outcome: 'wrong' }
      // Asked again: she may have been disabled while the password was being compared.
      const now = find(person.username)
      return now?.active ? { outcome: 'right', person: now } : { outcome: 'disabled', person }
    },
    setActive: (username, active) => void statements.setActive.run(active ? 1 : 0, username),
    setGroups,
    hashPassword: (password) => hashPassword(password, passwordCost),
    setPasswordHash: (username, hash) => void statements.setPasswordHash.run(hash, username),
    add: database.transaction((person: NewPerson, passwordHash: string) => {
      if (statements.departedBySubject.get(person.subject) !== undefined)
        throw new TakenError(`${person.subject} was somebody else's, and is never given out again`)
      try {
        statements.addPerson.run({ ...person, passwordHash, isPublished: 0 })
      } catch (error) {
        if ((error as { code?: string }).code?.startsWith('SQLITE_CONSTRAINT') !== true) throw error
        throw new TakenError('somebody has this user name, subject or e-mail address already')
      }
      setGroups(person.username, person.groups)
    }),
    setProfile(username, profile) {
      const person = find(username)
      if (person === undefined) return
      try {
        statements.setProfile.run({ ...person, ...profile, username })
      } catch (error) {
        if ((error as { code?: string }).code?.startsWith('SQLITE_CONSTRAINT') !== true) throw error
        throw new TakenError('somebody has this e-mail address already')
      }
    },
    remove: database.transaction((username: string, atMs: number) => {
      statements.noteDeparted.run(atMs, username)
      statements.remove.run(username)
    }),
    findDeparted(username) {
      const row = statements.departed.get(username)
      return (
        row && {
          username: row.username,
          subject: row.subject,
          ...(row.last_signed_in_at_ms === null ? {} : { lastSignedInAtMs: row.last_signed_in_at_ms }),
        }
      )
    },
    noteSignIn: (subject, atMs) => void statements.noteSignIn.run(atMs, subject),
    publishedPasswords: () => statements.publishedPasswords.all().map(({ username }) => username),
    async seed(groups, people) {
      const known = new Set(statements.all.all().map(({ username }) => username))
      const newcomers = people.filter(({ username }) => !known.has(username))
      const hashes = await Promise.all(newcomers.map(({ password }) => hashPassword(password, passwordCost)))
      database.transaction(() => {
        for (const group of groups) statements.addGroup.run(group)
        newcomers.forEach((person, index) => {
          statements.addPerson.run({ ...person, passwordHash: hashes[index] ?? '', isPublished: 1 })
          setGroups(person.username, person.groups)
        })
      })()
    },
  }
}

interface PersonRow {
  username: string
  subject: string
  given_name: string
  family_name: string
  email: string
  department: string
  zoneinfo: string
  country: string
  password_hash: string
  active: number
  last_signed_in_at_ms: number | null
}

type DepartedRow = Pick<PersonRow, 'username' | 'subject' | 'last_signed_in_at_ms'>

function prepare(database: CompanyDatabase) {
  return {
    byUsername: database.prepare<[string], PersonRow>('SELECT * FROM people WHERE username = ?'),
    bySubject: database.prepare<[string], PersonRow>('SELECT * FROM people WHERE subject = ?'),
    all: database.prepare<[], PersonRow>('SELECT * FROM people ORDER BY username'),
    groups: database.prepare<[], { name: string }>('SELECT name FROM groups ORDER BY name'),
    groupsOf: database.prepare<[string], { name: string }>(
      'SELECT group_name AS name FROM memberships WHERE username = ? ORDER BY group_name',
    ),
    setActive: database.prepare<[number, string]>('UPDATE people SET active = ? WHERE username = ?'),
    setPasswordHash: database.prepare<[string, string]>('UPDATE people SET password_hash = ? WHERE username = ?'),
    leaveGroups: database.prepare<[string]>('DELETE FROM memberships WHERE username = ?'),
    joinGroup: database.prepare<[string, string]>('INSERT INTO memberships (username, group_name) VALUES (?, ?)'),
    noteSignIn: database.prepare<[number, string]>('UPDATE people SET last_signed_in_at_ms = ? WHERE subject = ?'),
    setProfile: database.prepare<[Profile & { username: string }]>(`
      UPDATE people SET given_name = @givenName, family_name = @familyName, email = @email, department = @department,
                        zoneinfo = @zoneinfo, country = @country WHERE username = @username`),
    noteDeparted: database.prepare<[number, string]>(`
      INSERT INTO departed (subject, username, last_signed_in_at_ms, removed_at_ms)
      SELECT subject, username, last_signed_in_at_ms, ? FROM people WHERE username = ?`),
    remove: database.prepare<[string]>('DELETE FROM people WHERE username = ?'),
    departed: database.prepare<[string], DepartedRow>(
      'SELECT * FROM departed WHERE username = ? ORDER BY removed_at_ms DESC LIMIT 1',
    ),
    departedBySubject: database.prepare<[string], DepartedRow>('SELECT * FROM departed WHERE subject = ?'),
    publishedPasswords: database.prepare<[], { username: string }>(
      'SELECT username FROM people WHERE password_is_published = 1 ORDER BY username',
    ),
    addGroup: database.prepare<[string]>('INSERT INTO groups (name) VALUES (?) ON CONFLICT DO NOTHING'),
    addPerson: database.prepare<[NewPerson & { passwordHash: string; isPublished: 0 | 1 }]>(`
      INSERT INTO people (username, subject, given_name, family_name, email, department, zoneinfo, country,
                          password_hash, password_is_published)
      VALUES (@username, @subject, @givenName, @familyName, @email, @department, @zoneinfo, @country, @passwordHash, @isPublished)`),
  }
}

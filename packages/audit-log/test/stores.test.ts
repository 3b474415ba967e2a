import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasPostgresServer, type PostgresServer, startPostgresServer } from '@mcp-identity/test-kit'
import Database from 'better-sqlite3'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AuditEvent,
  type AuditQuery,
  type AuditRecord,
  openAuditLog,
  queryAuditLog,
  verifyAuditLog,
} from '../src/index.ts'
import { storeKind } from '../src/open-store.ts'
import { aliceDeletes } from './events.ts'
import { rehash } from './rehash.ts'
import { temporaryFolder } from './temporary-folder.ts'

let postgres: PostgresServer | undefined
beforeAll(() => {
  if (hasPostgresServer()) postgres = startPostgresServer()
})
afterAll(() => postgres?.stop())

/** Where a log of each kind is, and how its stored lines are changed behind its back. */
interface Kind {
  kind: 'sqlite' | 'lines' | 'postgres'
  place: (folder: string) => string
  change: (place: string, change: (lines: string[]) => string[]) => Promise<void>
}

const sqlite: Kind = {
  kind: 'sqlite',
  place: (folder) => join(folder, 'audit.db'),
  async change(place, change) {
    const database = new Database(place)
    const rows = database.prepare('SELECT line FROM record ORDER BY sequence').pluck().all() as string[]
    const insert = database.prepare('INSERT INTO record VALUES (?, ?)')
    database.exec('DELETE FROM record')
    change(rows.flatMap((row) => row.split('\n'))).forEach((line, index) => {
      insert.run(index + 1, line)
    })
    database.close()
  },
}

const lines: Kind = {
  kind: 'lines',
  place: (folder) => join(folder, 'audit.jsonl'),
  async change(place, change) {
    const { writeFileSync } = await import('node:fs')
    writeFileSync(
      place,
      change(readFileSync(place, 'utf8').trimEnd().split('\n'))
        .map((line) => `${line}\n`)
        .join(''),
    )
  },
}

const postgresql: Kind = {
  kind: 'postgres',
  place: () => postgres?.newDatabase() ?? '',
  async change(place, change) {
    const client = new Client({ connectionString: place })
    await client.connect()
    const { rows } = await client.query<{ line: string }>('SELECT line FROM audit_record ORDER BY sequence')
    await client.query('DELETE FROM audit_record')
    const changed = change(rows.flatMap(({ line }) => line.split('\n')))
    const sequences = changed.map((_, index) => index + 1)
    await client.query('INSERT INTO audit_record SELECT * FROM unnest($1::bigint[], $2::text[])', [sequences, changed])
    await client.end()
  },
}

const kinds = hasPostgresServer() ? [sqlite, lines, postgresql] : [sqlite, lines]

describe.each(kinds)('a log in $kind', ({ kind, place, change }) => {
  async function logOf(
    events: number,
    path = place(temporaryFolder()),
    more: Partial<AuditEvent> = {},
  ): Promise<string> {
    const log = await openAuditLog({ path })
    const records = Array.from({ length: events }, (_, index) =>
      log.append({ ...aliceDeletes, ...more, requestId: `req-${index}` }),
    )
    await Promise.all(records)
    await log.close()
    return path
  }

  it('is told by its place', async () => {
    const path = await logOf(1)
    expect(storeKind(path)).toBe(kind)
  })

  it('numbers and chains events, and goes on where it ended', async () => {
    const path = await logOf(1500)
    await logOf(700, path)
    expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 2200 })
    const [last] = await queryAuditLog(path, { limit: 1 })
    expect(last).toMatchObject({ sequence: 2200, event: { requestId: 'req-699' } })
  })

  it('answers only what can be read by another connection', async () => {
    const path = place(temporaryFolder())
    const log = await openAuditLog({ path })
    const { sequence, hash } = await log.append({ ...aliceDeletes, name: 'Zoë \u2028 \u{1f600}' })
    expect(await queryAuditLog(path, { afterSequence: sequence - 1 })).toMatchObject([
      { sequence, hash, event: { name: 'Zoë \u2028 \u{1f600}' } },
    ])
    expect(await log.query({ text: 'zoë' })).toHaveLength(1)
    await log.close()
  })

  it('finds records by subject, tool, outcome and text, the newest or after a record', async () => {
    const path = place(temporaryFolder())
    const log = await openAuditLog({ path })
    for (let index = 0; index < 30; index++) {
      await log.append({
        ...aliceDeletes,
        subject: index % 3 === 0 ? 'alice' : 'bob',
        outcome: index % 2 === 0 ? 'allowed' : 'refused',
      })
    }
    const sequences = (records: AuditRecord[]) => records.map(({ sequence }) => sequence)
    expect(sequences(await log.query({ limit: 3 }))).toEqual([28, 29, 30])
    expect(sequences(await log.query({ subject: 'alice', limit: 2 }))).toEqual([25, 28])
    expect(sequences(await log.query({ subject: 'alice', outcome: 'refused', afterSequence: 5 }))).toEqual([
      10, 16, 22, 28,
    ])
    expect(sequences(await log.query({ text: 'WAS REFUSED', afterSequence: 0, limit: 1 }))).toEqual([2])
    expect(await log.query({ tool: 'get_customer' })).toEqual([])
    await log.close()
  })

  it('is read from any record on, also where several share a row', async () => {
    const path = place(temporaryFolder())
    const log = await openAuditLog({ path })
    await Promise.all(Array.from({ length: 250 }, () => log.append(aliceDeletes)))
    const sequences = async (query: AuditQuery) => (await log.query(query)).map(({ sequence }) => sequence)
    const from = (first: number) => Array.from({ length: 251 - first }, (_, index) => first + index)
    for (const afterSequence of [0, 1, 99, 100, 101, 199, 248, 249, 250]) {
      expect(await sequences({ afterSequence, limit: 1000 })).toEqual(from(afterSequence + 1))
    }
    expect(await sequences({ limit: 120 })).toEqual(from(131))
    await log.close()
  })

  it.skipIf(kind === 'lines')('goes on with a row for each record, as earlier versions wrote them', async () => {
    const path = await logOf(150)
    await change(path, (all) => all)
    await logOf(150, path)
    expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 300 })
    expect(await queryAuditLog(path, { afterSequence: 140, limit: 1000 })).toHaveLength(160)
  })

  it('has one writer at a time', async () => {
    const path = place(temporaryFolder())
    const log = await openAuditLog({ path })
    await expect(openAuditLog({ path })).rejects.toThrow('being written by another process')
    await log.close()
    await (await openAuditLog({ path })).close()
  })

  it.each<[string, number, (lines: string[]) => string[]]>([
    ['a record that was changed', 11, (all) => all.with(10, (all[10] ?? '').replace('alice', 'malic'))],
    ['a record that was taken out', 11, (all) => all.toSpliced(10, 1)],
    ['a record that was put in', 12, (all) => all.toSpliced(10, 0, all[10] ?? '')],
    ['two records that were swapped', 11, (all) => all.with(10, all[11] ?? '').with(11, all[10] ?? '')],
    ['an end that was cut', 16, (all) => all.slice(0, 15)],
    ['an end that was written anew', 20, (all) => rehash(all, 19, (line) => line.replace('alice', 'carol'))],
  ])('tells of %s', async (_, firstBadSequence, tamper) => {
    const path = await logOf(20)
    await change(path, tamper)
    expect(await verifyAuditLog(path)).toMatchObject({ intact: false, firstBadSequence })
  })

  it('refuses to go on after a cut end', async () => {
    const path = await logOf(20)
    await change(path, (all) => all.slice(0, 15))
    await expect(openAuditLog({ path })).rejects.toThrow('ends at record 15, but 20 were written')
  })

  it('is signed, and tells of a log that was rewritten in a consistent way', async () => {
    const folder = temporaryFolder()
    const path = place(folder)
    const options = { path, signingKeyFile: join(folder, 'key.pem'), tileFolder: join(folder, 'tiles') }
    const log = await openAuditLog(options)
    await Promise.all(Array.from({ length: 600 }, () => log.append(aliceDeletes)))
    const checkpoint = await log.checkpoint()
    await log.close()
    const { tileFolder } = options
    expect(await verifyAuditLog(path, { tileFolder })).toMatchObject({
      intact: true,
      records: 600,
      checkpointSize: 600,
    })
    await change(path, (all) => rehash(all, 299, (line) => line.replace('alice', 'carol')))
    expect(await verifyAuditLog(path, { tileFolder, checkpoints: [checkpoint] })).toMatchObject({
      intact: false,
      firstBadSequence: 300,
    })
  })
})

describe('a log in SQLite', () => {
  it('tells of anything else in the database', async () => {
    const path = sqlite.place(temporaryFolder())
    const log = await openAuditLog({ path })
    await log.append(aliceDeletes)
    await log.close()
    const database = new Database(path)
    database.exec(
      'CREATE TRIGGER forget AFTER INSERT ON record BEGIN DELETE FROM record WHERE sequence = new.sequence; END',
    )
    database.close()
    expect(await verifyAuditLog(path)).toMatchObject({
      intact: false,
      problem: '"forget" does not belong into the database of a log',
    })
  })

  it.each([
    ['the newest record that it remembers', 16_384, 24_576],
    ['its records', 32_768, 65_536],
  ])('tells of a database of which %s cannot be read any more', async (_, start, end) => {
    const path = sqlite.place(temporaryFolder())
    const log = await openAuditLog({ path })
    await Promise.all(Array.from({ length: 500 }, () => log.append(aliceDeletes)))
    await log.close()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(path, readFileSync(path).fill(0xff, start, end))
    expect(await verifyAuditLog(path)).toMatchObject({ intact: false })
  })

  it('leaves no file of its own open when it is closed', async () => {
    const path = sqlite.place(temporaryFolder())
    await (await openAuditLog({ path })).close()
    expect(existsSync(`${path}-wal`)).toBe(false)
  })
})

describe.runIf(hasPostgresServer())('a log in PostgreSQL', () => {
  it('refuses while the server is away, and goes on by itself when it is back', async () => {
    const path = postgresql.place('')
    const log = await openAuditLog({ path })
    await log.append(aliceDeletes)
    postgres?.kill()
    await expect(log.append(aliceDeletes)).rejects.toThrow('cannot be written')
    const many = await Promise.allSettled(Array.from({ length: 200 }, () => log.append(aliceDeletes)))
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set(['rejected']))
    postgres?.start()
    expect(await log.append(aliceDeletes)).toMatchObject({ sequence: 2 })
    expect(await log.query({})).toHaveLength(2)
    await log.close()
    expect(await verifyAuditLog(path)).toMatchObject({ intact: true, records: 2 })
  })
})

import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasPostgresServer, type PostgresServer, startPostgresServer } from '@mcp-identity/test-kit'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAuditLog, verifyAuditLog } from '../src/index.ts'
import { aliceDeletes } from './events.ts'
import { rehash } from './rehash.ts'
import { temporaryFolder } from './temporary-folder.ts'

const records = 60
const changes = 1000
const intactLogs = 100

interface Row {
  sequence: number
  line: string
}
interface Head {
  sequence: number
  hash: string
}
/** What the tables of a log hold. */
interface Tables {
  rows: readonly Row[]
  head: Head | undefined
}

/** A change behind the log's back, and the first record that it harms. */
type Mutate = (tables: Tables, at: number, other: number, random: number) => Tables & { firstBad: number }

const numbered = (lines: readonly string[]): Row[] => lines.map((line, index) => ({ sequence: index + 1, line }))
const linesOf = ({ rows }: Tables): string[] => rows.map(({ line }) => line)

const mutations: Readonly<Record<string, Mutate>> = {
  'changes a character': ({ rows, head }, at, _other, random) => {
    const { sequence, line } = rows[at] as Row
    const offset = random % line.length
    const character = line[offset] === 'x' ? 'y' : 'x'
    const changed = `${line.slice(0, offset)}${character}${line.slice(offset + 1)}`
    return { rows: rows.with(at, { sequence, line: changed }), head, firstBad: at + 1 }
  },
  'deletes a row': ({ rows, head }, at) => ({ rows: rows.toSpliced(at, 1), head, firstBad: at + 1 }),
  'deletes a row and numbers the others anew': (tables, at) => ({
    rows: numbered(linesOf(tables).toSpliced(at, 1)),
    head: tables.head,
    firstBad: at + 1,
  }),
  'inserts a copy and numbers the others anew': (tables, at, other) => ({
    rows: numbered(linesOf(tables).toSpliced(at, 0, linesOf(tables)[other] ?? '')),
    head: tables.head,
    firstBad: at === other ? at + 2 : at + 1,
  }),
  'swaps two lines': (tables, at, other) => {
    const lines = linesOf(tables)
    const [first, last] = at === other ? [at, (at + 1) % records] : [at, other]
    const swapped = lines.with(first, lines[last] ?? '').with(last, lines[first] ?? '')
    return { rows: numbered(swapped), head: tables.head, firstBad: Math.min(first, last) + 1 }
  },
  'moves a row to another number': ({ rows, head }, at, _other, random) => {
    const { line } = rows[at] as Row
    const sequence = random % 2 === 0 ? -(random % 1000) : records + 2 + (random % 1000)
    const moved = [...rows.toSpliced(at, 1), { sequence, line }]
    return { rows: moved, head, firstBad: sequence < 1 ? 1 : at + 1 }
  },
  'adds a row before the first one': ({ rows, head }, _at, other, random) => ({
    rows: [{ sequence: -(random % 1000), line: rows[other]?.line ?? '' }, ...rows],
    head,
    firstBad: 1,
  }),
  'adds a row that continues the chain of nothing': ({ rows, head }, _at, other) => ({
    rows: [...rows, { sequence: records + 1, line: rows[other]?.line ?? '' }],
    head,
    firstBad: records + 1,
  }),
  'cuts the end': ({ rows, head }, at) => ({ rows: rows.slice(0, at), head, firstBad: at + 1 }),
  'cuts the end and what remembers it': ({ rows }, at) => ({
    rows: rows.slice(0, at),
    head: undefined,
    firstBad: at + 1,
  }),
  'rewrites from a record on, with right hashes and head': (tables, at) => {
    const forged = rehash(linesOf(tables), at, (line) =>
      line.replace('"tool":"delete_customer"', '"tool":"get_customer"'),
    )
    const hash = /^\{"hash":"([\w-]{43})"/.exec(forged.at(-1) ?? '')?.[1] ?? ''
    return { rows: numbered(forged), head: { sequence: records, hash }, firstBad: at + 1 }
  },
}

/** A log in a database, whose tables a test reads and writes past it. */
interface Tampered {
  place: string
  read(): Promise<Tables>
  write(tables: Tables): Promise<void>
  close(): Promise<void>
}

/** As {@link openSqlite}, but records that follow each other share a row, as those of one commit do. */
async function openSqliteOfGroups(place: string): Promise<Tampered> {
  const rowsOfOne = await openSqlite(place)
  return {
    ...rowsOfOne,
    async read() {
      const { rows, head } = await rowsOfOne.read()
      return { rows: numbered(rows.flatMap(({ line }) => line.split('\n'))), head }
    },
    write: ({ rows, head }) => rowsOfOne.write({ rows: inGroups(rows), head }),
  }
}

const recordsInAGroup = 7

function inGroups(rows: readonly Row[]): Row[] {
  const groups: { sequence: number; lines: string[] }[] = []
  for (const { sequence, line } of rows) {
    const last = groups.at(-1)
    if (last !== undefined && last.sequence === sequence - 1 && last.lines.length < recordsInAGroup) {
      last.sequence = sequence
      last.lines.push(line)
    } else groups.push({ sequence, lines: [line] })
  }
  return groups.map(({ sequence, lines }) => ({ sequence, line: lines.join('\n') }))
}

async function openSqlite(place: string): Promise<Tampered> {
  const database = new Database(place)
  database.pragma('synchronous = OFF')
  const insert = database.prepare('INSERT INTO record VALUES (?, ?)')
  const write = database.transaction(({ rows, head }: Tables) => {
    database.exec('DELETE FROM record; DELETE FROM head')
    for (const { sequence, line } of rows) insert.run(sequence, line)
    if (head !== undefined) database.prepare('INSERT INTO head VALUES (1, ?, ?)').run(head.sequence, head.hash)
  })
  return {
    place,
    read: async () => ({
      rows: database.prepare('SELECT sequence, line FROM record ORDER BY sequence').all() as Row[],
      head: database.prepare('SELECT sequence, hash FROM head').get() as Head,
    }),
    write: async (tables) => write(tables),
    close: async () => void database.close(),
  }
}

async function openPostgres(place: string): Promise<Tampered> {
  const client = new Client({ connectionString: place })
  await client.connect()
  await client.query('SET synchronous_commit = off')
  return {
    place,
    async read() {
      const text = 'SELECT sequence::int AS sequence, line FROM audit_record ORDER BY audit_record.sequence'
      const head = await client.query<Head>('SELECT sequence::int AS sequence, hash FROM audit_head')
      return { rows: (await client.query<Row>(text)).rows, head: head.rows[0] }
    },
    async write({ rows, head }) {
      await client.query('BEGIN')
      await client.query('DELETE FROM audit_record')
      await client.query('DELETE FROM audit_head')
      await client.query('INSERT INTO audit_record SELECT * FROM unnest($1::bigint[], $2::text[])', [
        rows.map(({ sequence }) => sequence),
        rows.map(({ line }) => line),
      ])
      if (head !== undefined)
        await client.query('INSERT INTO audit_head VALUES (1, $1, $2)', [head.sequence, head.hash])
      await client.query('COMMIT')
    },
    close: () => client.end(),
  }
}

let postgres: PostgresServer | undefined
beforeAll(() => {
  if (hasPostgresServer()) postgres = startPostgresServer()
})
afterAll(() => postgres?.stop())

const sqlite = { kind: 'SQLite', place: (folder: string) => join(folder, 'audit.db'), open: openSqlite }
const sqliteOfGroups = { ...sqlite, kind: 'SQLite, several records in a row', open: openSqliteOfGroups }
const postgresql = { kind: 'PostgreSQL', place: () => postgres?.newDatabase() ?? '', open: openPostgres }
const inDatabases = hasPostgresServer() ? [sqlite, postgresql] : [sqlite]

async function writeIntactLog(place: string, folder: string): Promise<void> {
  const log = await openAuditLog({
    path: place,
    tileFolder: join(folder, 'tiles'),
    signingKeyFile: join(folder, 'key.pem'),
  })
  for (let index = 0; index < records; index++) {
    await log.append({ ...aliceDeletes, requestId: `req-${index}`, name: index % 7 === 0 ? 'Zoë 李' : 'Alice' })
  }
  await log.close()
}

const index = fc.integer({ min: 0, max: records - 1 })

describe.each([sqliteOfGroups, ...inDatabases])('a log in $kind', ({ place, open }) => {
  it(`shows ${changes} of ${changes} random changes of its rows, and the first bad record`, async () => {
    const folder = temporaryFolder()
    const path = place(folder)
    await writeIntactLog(path, folder)
    const tampered = await open(path)
    const tables = await tampered.read()
    const cases = fc.tuple(fc.constantFrom(...Object.keys(mutations)), index, index, fc.nat())
    let found = 0
    for (const [name, at, other, random] of fc.sample(cases, { numRuns: changes, seed: 20261128 })) {
      const { firstBad, ...changed } = mutations[name]?.(tables, at, other, random) ?? expect.fail(name)
      await tampered.write(changed)
      const result = await verifyAuditLog(path, { tileFolder: join(folder, 'tiles') })
      expect(result, `${name} ${at} ${other} ${random}`).toMatchObject({ intact: false, firstBadSequence: firstBad })
      found += 1
    }
    await tampered.write(tables)
    expect(await verifyAuditLog(path, { tileFolder: join(folder, 'tiles') })).toMatchObject({ intact: true, records })
    await tampered.close()
    expect(found).toBe(changes)
  }, 240_000)
})

describe.each(inDatabases)('a log in $kind', ({ place }) => {
  it(`raises no alarm over ${intactLogs} intact logs`, async () => {
    const folder = temporaryFolder()
    const path = place(folder)
    await writeIntactLog(path, folder)
    let written = records
    for (let round = 1; round <= intactLogs; round++) {
      const log = await openAuditLog({ path, tileFolder: join(folder, 'tiles') })
      const reason = `round ${round} \u2028 \u{1f600} ${'x'.repeat(round * 10)}`
      const group = Array.from({ length: 1 + (round % 5) }, () => log.append({ ...aliceDeletes, reason }))
      written += (await Promise.all(group)).length
      await log.close()
      const result = await verifyAuditLog(path, { tileFolder: join(folder, 'tiles') })
      expect(result).toMatchObject({ intact: true, records: written, checkpointSize: records })
    }
  }, 120_000)
})

it(`shows ${changes} of ${changes} random changes to bytes of records in the file of a SQLite database`, async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'audit.db')
  await writeIntactLog(path, folder)
  const tampered = await openSqlite(path)
  const { rows } = await tampered.read()
  await tampered.close()
  const file = readFileSync(path)
  // Pages that were split keep old copies of records, which nobody reads: the change is made in all.
  const places = rows.map(({ line }) => ({ starts: startsOf(line, file), length: Buffer.byteLength(line) }))
  const copy = join(folder, 'copy.db')
  cpSync(join(folder, 'tiles'), `${copy}.tiles`, { recursive: true })
  copyFileSync(path, copy)
  let found = 0
  for (const [at, random, bits] of fc.sample(fc.tuple(index, fc.nat(), fc.integer({ min: 1, max: 255 })), {
    numRuns: changes,
    seed: 20261129,
  })) {
    const { starts, length } = places[at] ?? expect.fail()
    expect(starts).not.toEqual([])
    const changed = Buffer.from(file)
    for (const start of starts)
      changed.writeUInt8(changed.readUInt8(start + (random % length)) ^ bits, start + (random % length))
    writeFileSync(copy, changed)
    expect(await verifyAuditLog(copy), `${at} ${random} ${bits}`).toMatchObject({
      intact: false,
      firstBadSequence: at + 1,
    })
    found += 1
  }
  expect(found).toBe(changes)
}, 120_000)

function startsOf(line: string, file: Buffer): number[] {
  const starts: number[] = []
  for (let at = file.indexOf(line); at !== -1; at = file.indexOf(line, at + 1)) starts.push(at)
  return starts
}

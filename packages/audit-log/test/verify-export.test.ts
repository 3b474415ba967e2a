import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportLogs } from '../src/export/log-export.ts'
import {
  openAuditLog,
  openPersonalDataVault,
  type PersonalDataVault,
  pagesOfRecords,
  queryAuditLog,
} from '../src/index.ts'
import { defaultTileFolder, tileFolderFiles } from '../src/tile-folder.ts'
import { type VerifyExportOptions, verifyExport } from '../src/verify-export.ts'
import { aliceDeletes } from './events.ts'
import { temporaryFolder } from './temporary-folder.ts'

const names = ['replica-1', 'replica-2', 'replica-3']
const recordsOfEach = 5
const strangeText = 'Zoë \u2028 \u{1f600} \ud800 \u007f "storedEvent":{}'

/** Each replica's log, signed with a key of its own; their records take turns. */
async function writeLogs(folder: string, personalData?: PersonalDataVault): Promise<void> {
  for (const [index, name] of names.entries()) {
    const log = await openAuditLog({
      path: join(folder, `${name}.db`),
      signingKeyFile: join(folder, `${name}.pem`),
      origin: `mcp-identity/audit/${name}`,
      ...(personalData && { personalData }),
    })
    for (let turn = 0; turn < recordsOfEach; turn++) {
      const time = new Date(Date.UTC(2026, 10, 28, 10, turn, index)).toISOString()
      const event = { ...aliceDeletes, issuer: 'https://sso.company.com', subject: 'alice', details: { strangeText } }
      await log.append({ ...event, time, requestId: `${name} ${turn}` })
    }
    await log.close()
  }
}

async function exported(folder: string, vault?: PersonalDataVault, afterSequence = 0): Promise<string[]> {
  const sources = names.map((name) => {
    const path = join(folder, `${name}.db`)
    const pages = pagesOfRecords((query) => queryAuditLog(path, query, vault), { afterSequence })
    return { name, pages, afterSequence, tileFolder: defaultTileFolder(path) }
  })
  let text = ''
  for await (const part of exportLogs(sources)) text += part
  return text.split('\n').slice(0, -1)
}

const folder = mkdtempSync(join(tmpdir(), 'verify-export-'))
let lines: string[]
let keys: string[]

beforeAll(async () => {
  await writeLogs(folder)
  lines = await exported(folder)
  keys = names.map((name) => readFileSync(tileFolderFiles(defaultTileFolder(join(folder, `${name}.db`))).key, 'utf8'))
})

afterAll(() => rmSync(folder, { recursive: true }))

function verifyText(text: string | Buffer, options?: VerifyExportOptions) {
  const file = join(folder, 'export.jsonl')
  writeFileSync(file, text)
  return verifyExport(file, options)
}

const verifyLines = (changed: readonly string[], options?: VerifyExportOptions) =>
  verifyText(changed.map((line) => `${line}\n`).join(''), options)

interface Statement {
  log: string
  records: number
  head: string
  checkpoint: string
  verifierKey: string
}

const end = () => lines.length - 1
/** The line at which a record stands, from 0: records of the logs take turns. */
const lineOf = (log: number, sequence: number) => (sequence - 1) * names.length + log
const line = (index: number) => lines[index] ?? ''
const withEnd = (change: (logs: Statement[]) => Statement[], before: readonly string[] = lines.slice(0, -1)) => [
  ...before,
  JSON.stringify({ logs: change((JSON.parse(line(end())) as { logs: Statement[] }).logs) }),
]
const givenTo = (name: string, index: number) => line(index).replace(/"replica-\d"/, `"${name}"`)
const withStatement = (index: number, change: (statements: Statement[]) => Partial<Statement>) =>
  withEnd((logs) => logs.map((log, at) => (at === index ? { ...log, ...change(logs) } : log)))

describe('logs that were exported together', () => {
  it('are intact, each with its own chain and its own checkpoint', async () => {
    const intact = { intact: true, records: recordsOfEach, checkpointSize: recordsOfEach, opened: 0 }
    for (const options of [{}, { verifierKeys: keys }])
      expect(await verifyLines(lines, options)).toEqual({
        intact: true,
        logs: names.map((log) => ({ log, ...intact, head: expect.any(String) })),
        problems: [],
      })
  })

  it.each<[string, () => string[], { log: string; line?: number; firstBadSequence: number; problem: string }[]]>([
    [
      'a record is removed',
      () => lines.toSpliced(lineOf(1, 3), 1),
      [
        {
          log: 'replica-2',
          line: lineOf(1, 4),
          firstBadSequence: 3,
          problem: 'record 4 stands where record 3 is expected',
        },
      ],
    ],
    [
      'a record is changed',
      () => lines.with(lineOf(2, 2), line(lineOf(2, 2)).replace('delete_customer', 'get_customer')),
      [{ log: 'replica-3', line: lineOf(2, 2) + 1, firstBadSequence: 2, problem: 'the record was changed: its hash' }],
    ],
    [
      'two records of a log change places',
      () => lines.with(lineOf(0, 2), line(lineOf(0, 3))).with(lineOf(0, 3), line(lineOf(0, 2))),
      [{ log: 'replica-1', line: lineOf(0, 2) + 1, firstBadSequence: 2, problem: 'record 3 stands where record 2' }],
    ],
    [
      'a record is there twice',
      () => lines.toSpliced(lineOf(0, 3), 0, line(lineOf(0, 3))),
      [{ log: 'replica-1', line: lineOf(0, 3) + 2, firstBadSequence: 4, problem: 'record 3 stands where record 4' }],
    ],
    [
      'a record is given to another log',
      () => lines.with(lineOf(0, 4), givenTo('replica-2', lineOf(0, 4))),
      [
        { log: 'replica-1', line: lineOf(0, 5) + 1, firstBadSequence: 4, problem: 'record 5 stands where record 4' },
        { log: 'replica-2', line: lineOf(0, 4) + 1, firstBadSequence: 4, problem: 'the record does not follow' },
      ],
    ],
    [
      'records of two logs are swapped',
      () =>
        lines
          .with(lineOf(0, 2), givenTo('replica-2', lineOf(0, 2)))
          .with(lineOf(1, 2), givenTo('replica-1', lineOf(1, 2))),
      [
        { log: 'replica-1', line: lineOf(1, 2) + 1, firstBadSequence: 2, problem: 'the record does not follow' },
        { log: 'replica-2', line: lineOf(0, 2) + 1, firstBadSequence: 2, problem: 'the record does not follow' },
      ],
    ],
    [
      'the newest record of a log is removed',
      () => lines.toSpliced(lineOf(1, recordsOfEach), 1),
      [{ log: 'replica-2', firstBadSequence: 5, problem: 'the log ends here, but 5 records were written' }],
    ],
    [
      'the newest record of a log is removed, and the end says so',
      () =>
        withStatement(2, () => ({ records: 4, head: JSON.parse(line(lineOf(2, 4))).hash })).toSpliced(lineOf(2, 5), 1),
      [{ log: 'replica-3', firstBadSequence: 5, problem: 'the log ends here, but 5 records were written' }],
    ],
    [
      'all records of a log are removed',
      () => lines.filter((each) => !each.startsWith('{"log":"replica-2"')),
      [{ log: 'replica-2', firstBadSequence: 1, problem: 'the log ends here, but 5 records were written' }],
    ],
    [
      'a log has the checkpoint of another',
      () => withStatement(0, (logs) => ({ checkpoint: logs[1]?.checkpoint ?? '' })),
      [{ log: 'replica-1', firstBadSequence: 0, problem: 'its checkpoint is not signed with its key' }],
    ],
    [
      'a log has the checkpoint of another and its key',
      () =>
        withStatement(0, (logs) => ({
          checkpoint: logs[1]?.checkpoint ?? '',
          verifierKey: logs[1]?.verifierKey ?? '',
        })),
      [
        {
          log: 'replica-1',
          line: lineOf(0, recordsOfEach) + 1,
          firstBadSequence: 1,
          problem: 'the first 5 records are not those of the signed checkpoint',
        },
      ],
    ],
  ])('name the log and the line where %s', async (_what, change, damaged) => {
    const { intact, logs, problems } = await verifyLines(change())
    expect({ intact, problems }).toEqual({ intact: false, problems: [] })
    const found = logs.filter((log) => !log.intact)
    expect(found).toMatchObject(damaged.map((each) => ({ ...each, problem: expect.stringContaining(each.problem) })))
    expect(found.map(({ line: at }) => at)).toEqual(damaged.map(({ line: at }) => at))
  })

  it.each<[string, () => string[]]>([
    ['the end is missing', () => lines.slice(0, -1)],
    ['everything is missing', () => []],
    ['the end is not the last line', () => [...lines, line(0)]],
    ['a log is stated twice', () => withEnd((logs) => [...logs, ...logs.slice(0, 1)])],
    ['the end holds something else', () => withEnd((logs) => logs.map((log) => ({ ...log, more: 1 })))],
    ['the end says no number', () => withStatement(0, () => ({ records: '5' as unknown as number }))],
  ])('are known to be cut where %s', async (_what, change) => {
    const problem = 'the export was cut: it does not end with what it states of its logs'
    expect(await verifyLines(change())).toEqual({ intact: false, logs: [], problems: [problem] })
  })

  it('are known to be cut within the last line', async () => {
    expect(await verifyText(lines.join('\n'))).toMatchObject({ intact: false, problems: [/the export was cut/] })
  })

  it('name the line of a log that the end does not state', async () => {
    const { intact, problems } = await verifyLines(lines.with(4, givenTo('replica-9', 4)))
    expect(intact).toBe(false)
    expect(problems).toEqual(['line 5 is of no log that the export states at its end'])
  })

  it('are not whole where one could not be read when they were exported', async () => {
    const { logs } = JSON.parse(line(end())) as { logs: Statement[] }
    const last = JSON.stringify({ logs, unread: [{ log: 'replica-4', problem: 'it does not answer' }] })
    const { intact, logs: results, problems } = await verifyLines(lines.with(end(), last))
    expect(results.every((result) => result.intact)).toBe(true)
    expect({ intact, problems }).toEqual({
      intact: false,
      problems: ['the records of replica-4 are missing: it does not answer'],
    })
  })

  it('need the keys of all to tell that one is missing with all that is stated of it', async () => {
    const two = withEnd(
      (logs) => logs.slice(0, 2),
      lines.slice(0, -1).filter((each) => !each.startsWith('{"log":"replica-3"')),
    )
    expect(await verifyLines(two)).toMatchObject({ intact: true, logs: [{}, {}] })
    expect(await verifyLines(two, { verifierKeys: keys })).toMatchObject({
      intact: false,
      problems: ['no log here is signed with the key of mcp-identity/audit/replica-3'],
    })
  })

  it('are not intact where a log is signed with none of the keys that are given, or not signed', async () => {
    expect(await verifyLines(lines, { verifierKeys: keys.slice(0, 2) })).toMatchObject({
      intact: false,
      logs: [{ intact: true }, { intact: true }, { problem: 'its checkpoint is not signed with a key that was given' }],
    })
    const unsigned = withEnd((logs) => logs.map(({ checkpoint: _, verifierKey: _key, ...log }) => log as Statement))
    expect(await verifyLines(unsigned)).toMatchObject({ intact: true })
    expect(await verifyLines(unsigned, { verifierKeys: keys })).toMatchObject({
      intact: false,
      logs: names.map(() => ({ problem: 'there is no checkpoint' })),
    })
  })

  it('lead to checkpoints that were kept, and to those of no other log', async () => {
    const { logs } = JSON.parse(line(end())) as { logs: Statement[] }
    const kept = logs.map(({ checkpoint }) => checkpoint)
    expect(await verifyLines(lines, { checkpoints: kept })).toMatchObject({ intact: true })
    const other = temporaryFolder()
    await writeLogs(other)
    const [strange = ''] = (await exported(other)).slice(-1)
    const [foreign] = (JSON.parse(strange) as { logs: Statement[] }).logs
    expect(await verifyLines(lines, { checkpoints: [foreign?.checkpoint ?? ''] })).toMatchObject({
      intact: false,
      problems: ['a checkpoint that was kept is of no log here: mcp-identity/audit/replica-1'],
    })
  })

  it('cannot be verified from a later record on', async () => {
    const later = await exported(folder, undefined, 2)
    await expect(verifyLines(later)).rejects.toThrow('replica-1 was exported after record 2')
  })

  it('are not intact after any of 500 random changes of a byte', async () => {
    const text = Buffer.from(lines.map((each) => `${each}\n`).join(''))
    const changes = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }))
    for (const [at, bits] of fc.sample(changes, { numRuns: 500, seed: 20261128 })) {
      const changed = Buffer.from(text)
      changed[at] = (changed[at] ?? 0) ^ bits
      expect((await verifyText(changed)).intact, `byte ${at} ^ ${bits}`).toBe(false)
    }
  })
})

describe('logs that were exported with personal data opened', () => {
  let shown: string[]

  beforeAll(async () => {
    const other = mkdtempSync(join(folder, 'sealed-'))
    const vault = openPersonalDataVault(join(other, 'vault.db'))
    await writeLogs(other, vault)
    shown = await exported(other, vault)
    vault.close()
  })

  it('verify by what is stored, and tell how many records show more', async () => {
    expect(shown[0]).toContain('alice@company.com')
    expect(await verifyLines(shown)).toMatchObject({
      intact: true,
      logs: names.map((log) => ({ log, intact: true, opened: recordsOfEach })),
    })
  })

  it.each([
    ['what is shown says another tool', '"tool":"delete_customer"', '"tool":"get_customer"'],
    ['what is shown says more', '"tool":"delete_customer"', '"tool":"delete_customer","clientId":"other"'],
    ['what is stored is changed', '"data":"', '"data":"A'],
    ['a member is there twice', '"email":', '"email":"x","email":'],
  ])('are not intact where %s', async (_what, before, after) => {
    const changed = shown.with(1, (shown[1] ?? '').replace(before, after))
    expect(changed[1]).not.toBe(shown[1])
    expect((await verifyLines(changed)).logs[1]).toMatchObject({ intact: false, line: 2, firstBadSequence: 1 })
  })
})

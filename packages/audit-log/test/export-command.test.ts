import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasPostgresServer, startPostgresServer } from '@mcp-identity/test-kit'
import { expect, it, onTestFinished } from 'vitest'
import { openAuditLog, openPersonalDataVault } from '../src/index.ts'
import { aliceDeletes } from './events.ts'
import { temporaryFolder } from './temporary-folder.ts'

function run(name: 'export' | 'verify', ...args: string[]) {
  const command = fileURLToPath(new URL(`../src/cli/${name}.ts`, import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', command, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  return { status, stdout, stderr }
}

const exported = (...args: string[]) => run('export', ...args)

/** A log of a replica with a vault of its own. */
async function logOf(events: { minute: number; requestId: string }[]): Promise<{ log: string; vault: string }> {
  const folder = temporaryFolder()
  const vault = join(folder, 'vault.db')
  const log = join(folder, 'audit.db')
  const personalData = openPersonalDataVault(vault)
  const opened = await openAuditLog({ path: log, personalData, signingKeyFile: join(folder, 'key.pem') })
  const issuer = 'https://sso.company.com/realms/company'
  for (const { minute, requestId } of events) {
    const time = new Date(Date.UTC(2026, 10, 28, 10, minute)).toISOString()
    await opened.append({ ...aliceDeletes, issuer, subject: 'alice', time, requestId })
  }
  await opened.close()
  personalData.close()
  return { log, vault }
}

const at = (minutes: number[], replica: string) =>
  minutes.map((minute, index) => ({ minute, requestId: `${replica}-${index}` }))
/** The records without what is stated at the end. */
const read = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { event: { requestId: string; email?: string; time: string } })

it('writes the logs of several replicas as one history, each in its own order, readable with the vaults of all', async () => {
  const one = await logOf(at([1, 3, 3, 9], 'one'))
  const two = await logOf(at([2, 3, 8, 7], 'two'))
  const none = await logOf([])
  const vaults = [one, two].flatMap(({ vault }) => ['--personal-data', vault])
  const { status, stdout } = exported(one.log, two.log, none.log, ...vaults)
  expect(status).toBe(0)
  const records = read(stdout)
  const order = ['one-0', 'two-0', 'two-1', 'one-1', 'one-2', 'two-2', 'two-3', 'one-3']
  expect(records.map(({ event }) => event.requestId)).toEqual(order)
  expect(records.every(({ event }) => event.email === 'alice@company.com')).toBe(true)
  const half = read(exported(one.log, two.log, '--personal-data', one.vault).stdout)
  expect(half.filter(({ event }) => event.email !== undefined)).toHaveLength(4)
})

it('writes logs of more than a page as one history', async () => {
  const minutes = Array.from({ length: 2_100 }, (_, index) => index)
  const one = await logOf(
    at(
      minutes.filter((minute) => minute % 3 !== 0),
      'one',
    ),
  )
  const two = await logOf(
    at(
      minutes.filter((minute) => minute % 3 === 0),
      'two',
    ),
  )
  const times = read(exported(one.log, two.log).stdout).map(({ event }) => event.time)
  expect(times).toHaveLength(minutes.length)
  expect(times).toEqual(times.toSorted())
})

it('ends without a word when its reader leaves early, and says so when it cannot write', async () => {
  const { log } = await logOf(
    at(
      Array.from({ length: 1_500 }, (_, index) => index),
      'one',
    ),
  )
  const command = fileURLToPath(new URL('../src/cli/export.ts', import.meta.url))
  const shell = (script: string) =>
    spawnSync('bash', ['-c', script, 'bash', process.execPath, command, log], { encoding: 'utf8' })
  const early = shell('set -o pipefail; "$1" --no-warnings "$2" "$3" | head -n 1')
  expect(early).toMatchObject({ status: 0, stderr: '' })
  expect(early.stdout).toMatch(/^\{"log":/)
  const full = shell('"$1" --no-warnings "$2" "$3" > /dev/full')
  expect(full).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot be written') })
})

it('writes lines of several logs that the verifier takes in one go, and says of which one and where they were changed', async () => {
  const one = await logOf(at([1, 3, 9], 'one'))
  const two = await logOf(at([2, 4], 'two'))
  const none = await logOf([])
  const file = join(temporaryFolder(), 'export.jsonl')
  const text = exported(one.log, two.log, none.log, '--personal-data', two.vault).stdout
  writeFileSync(file, text)
  const intact = run('verify', file)
  expect(intact.status).toBe(0)
  expect(intact.stdout.split('\n')).toEqual([
    expect.stringContaining(`${file}, ${one.log}: intact, 3 records (3 of them under a signed checkpoint), head `),
    expect.stringMatching(/: intact, 2 records .*; the personal data shown in 2 records is under no hash$/),
    expect.stringContaining(`${none.log}: intact, 0 records`),
    '',
  ])
  writeFileSync(file, text.replace('"requestId":"one-1"', '"requestId":"one-2"'))
  const changed = run('verify', file)
  expect(changed.status).toBe(1)
  expect(changed.stdout).toContain(`${file}, ${one.log}: NOT intact. Line 3: Record 2: the record was changed`)
  expect(changed.stdout).toContain(`${two.log}: intact`)
  expect(JSON.parse(run('verify', file, '--json').stdout)).toMatchObject({
    intact: false,
    logs: [
      { log: one.log, intact: false, line: 3 },
      { log: two.log, intact: true },
      { log: none.log, intact: true },
    ],
    problems: [],
  })
  writeFileSync(file, text.slice(0, text.lastIndexOf('{"logs"')))
  expect(run('verify', file)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('NOT intact: the export was cut'),
  })
  expect(run('verify', file, '--tiles', '.')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('leave --tiles out'),
  })
})

it.runIf(hasPostgresServer())(
  'names a log in PostgreSQL without its password, and takes its checkpoint from --tiles',
  async () => {
    const postgres = startPostgresServer()
    onTestFinished(() => postgres.stop())
    const folder = temporaryFolder()
    const path = postgres.newDatabase()
    const tileFolder = join(folder, 'tiles')
    const log = await openAuditLog({ path, tileFolder, signingKeyFile: join(folder, 'key.pem') })
    await log.append(aliceDeletes)
    await log.close()
    const withPassword = new URL(path)
    withPassword.password = 'the-password'
    const file = join(folder, 'export.jsonl')
    const { stdout, status } = exported(withPassword.href, '--tiles', tileFolder)
    expect(status).toBe(0)
    expect(stdout).not.toContain('the-password')
    writeFileSync(file, stdout)
    expect(run('verify', file)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 of them under a signed'),
    })
  },
)

it.each([
  ['no log', [], 'name an audit log'],
  ['a sequence for two logs', ['a.db', 'b.db', '--after', '3'], 'are about one log'],
  ['tiles for two logs', ['a.db', 'b.db', '--tiles', 'tiles'], 'are about one log'],
  ['a format that there is not', ['a.db', '--format', 'xml'], 'there is no format xml'],
  ['a log that is named twice', ['a.db', 'a.db'], 'a.db is named twice'],
  ['a vault that is not there', ['a.db', '--personal-data', '/nowhere/vault.db'], 'there is no vault'],
  ['a log that is not there', ['/nowhere/audit.db'], 'there is no audit log'],
])('exits with 2 for %s', (_what, args, words) => {
  expect(exported(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining(words) })
})

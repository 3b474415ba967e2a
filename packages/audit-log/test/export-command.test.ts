import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openAuditLog, openPersonalDataVault } from '../src/index.ts'
import { aliceDeletes } from './events.ts'
import { temporaryFolder } from './temporary-folder.ts'

const command = fileURLToPath(new URL('../src/cli/export.ts', import.meta.url))

function exported(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', command, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  return { status, stdout, stderr }
}

/** A log of a replica with a vault of its own. */
async function logOf(events: { minute: number; requestId: string }[]): Promise<{ log: string; vault: string }> {
  const folder = temporaryFolder()
  const vault = join(folder, 'vault.db')
  const log = join(folder, 'audit.db')
  const personalData = openPersonalDataVault(vault)
  const opened = await openAuditLog({ path: log, personalData })
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
const read = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: { requestId: string; email?: string } })

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
  const times = exported(one.log, two.log)
    .stdout.trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: { time: string } }).event.time)
  expect(times).toHaveLength(minutes.length)
  expect(times).toEqual(times.toSorted())
})

it.each([
  ['no log', [], 'name an audit log'],
  ['a sequence for two logs', ['a.db', 'b.db', '--after', '3'], 'is about one log'],
  ['a vault that is not there', ['a.db', '--personal-data', '/nowhere/vault.db'], 'there is no vault'],
  ['a log that is not there', ['/nowhere/audit.db'], 'there is no audit log'],
])('exits with 2 for %s', (_what, args, words) => {
  expect(exported(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining(words) })
})

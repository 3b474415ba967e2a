import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeStore, verifyAuditLog } from '@mcp-identity/audit-log'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuditConfig, auditSettings, readAuditConfig } from '../src/audit-config.ts'
import { keepErasures } from '../src/erasures.ts'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcp-audit-'))
afterAll(() => rmSync(folder, { recursive: true }))

function configOf(settings: object): { config: AuditConfig; problems: string[] } {
  const problems: string[] = []
  const config = readAuditConfig(auditSettings.parse(settings), '/data', problems)
  return { config, problems }
}

describe('the settings of the audit log', () => {
  it('are a signed log in SQLite with encrypted personal data when nothing is set', () => {
    expect(configOf({})).toEqual({
      problems: [],
      config: {
        path: '/data/audit.db',
        tileFolder: '/data/audit.db.tiles',
        signingKeyFile: '/data/audit-signing-key.pem',
        origin: undefined,
        personalData: { keyFile: '/data/audit-personal-data.db', keepMonths: undefined },
        deliveries: [],
      },
    })
  })

  it('take the password of a database from a file, and never tell it', () => {
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, 'p@ss/wörd of a database\n')
    const { config, problems } = configOf({ store: 'postgres://mcp@db.company.com/audit', passwordFile })
    expect(problems).toEqual([])
    expect(config.path).toBe('postgres://mcp:p%40ss%2Fw%C3%B6rd%20of%20a%20database@db.company.com/audit')
    expect(config.tileFolder).toBe('/data/audit.tiles')
    expect(describeStore(config.path)).toBe('postgres://mcp@db.company.com/audit')
  })

  it.each<[string, object, string]>([
    ['a password in the address', { store: 'postgres://mcp:secret@db/audit' }, 'store holds a password'],
    ['a password for a file', { passwordFile: import.meta.filename }, 'passwordFile is for a log in PostgreSQL'],
    [
      'a password that is not there',
      { store: 'postgres://mcp@db/audit', passwordFile: '/nowhere' },
      '/nowhere cannot be read (ENOENT)',
    ],
  ])('refuse %s', (_what, settings, problem) => {
    const { problems } = configOf(settings)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(problem)
    expect(problems[0]).not.toContain('secret@')
  })

  it.each<[string, object]>([
    ['a delivery to nowhere', { deliveries: [{ name: 'siem', format: 'ocsf' }] }],
    ['a delivery to two places', { deliveries: [{ name: 'siem', format: 'ocsf', url: 'https://a', file: 'b' }] }],
    ['a format that is none', { deliveries: [{ name: 'siem', format: 'xml', file: 'b' }] }],
    ['a name that could leave the folder', { deliveries: [{ name: '../x', format: 'cef', file: 'b' }] }],
    ['one name twice', { deliveries: ['a', 'b'].map((file) => ({ name: 'siem', format: 'cef', file })) }],
    ['a key file outside any setting', { signKeyFile: 'x' }],
    ['personal data kept for less than a month', { personalData: { keepMonths: 0 } }],
  ])('do not know %s', (_what, settings) => expect(auditSettings.safeParse(settings).success).toBe(false))
})

describe('a server whose audit log is delivered and whose people can be erased', () => {
  let app: TestServer
  let isAway = true
  const received: { authorization: string | undefined; type: string | undefined; body: string }[] = []
  const receiver = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    const { authorization, 'content-type': type } = request.headers
    if (!isAway) received.push({ authorization, type, body })
    response.writeHead(isAway ? 503 : 200).end()
  })
  const cefFile = join(folder, 'siem', 'audit.cef')
  const data = join(folder, 'data')
  const config = () =>
    readAuditConfig(
      auditSettings.parse({
        deliveries: [
          {
            name: 'collector',
            url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/v1/logs`,
            format: 'otlp',
            authorizationHeaderFile: join(folder, 'header'),
          },
          { name: 'siem', file: cefFile, format: 'cef', withPersonalData: true },
        ],
      }),
      data,
      [],
    )

  beforeAll(async () => {
    writeFileSync(join(folder, 'header'), 'Bearer of-the-collector\n')
    mkdirSync(data)
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    app = await startTestServer({ dataDirectory: data, audit: config() })
    await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
  })
  afterAll(async () => {
    await app.stop()
    receiver.close()
  })

  it('encrypts personal data, shows it to auditors, and hands over what the hash is over', async () => {
    await app.call(app.tokenOf('anna'), 'get_customer', { id: 'cust_001' })
    const stored = readFileSync(join(data, 'audit.db-wal'), 'latin1')
    expect(stored).toContain('get_customer')
    expect(stored).not.toContain('anna@company.com')
    const shown = (await app.auditRecords()).find(({ event }) => event.tool === 'get_customer')
    expect(shown?.line).toBe('anna@company.com (Sales) called get_customer')
    expect(shown?.storedEvent).toMatchObject({ tool: 'get_customer', sealed: expect.any(Object) })
    expect(shown?.storedEvent).not.toHaveProperty('email')
  })

  it('keeps its place while a receiver is away, and then brings everything, each receiver what it may have', async () => {
    await app.call(app.tokenOf('anna'), 'whoami')
    await eventually(async () =>
      expect(await (await app.get('/metrics')).text()).toMatch(
        /mcp_audit_delivery_behind\{delivery="collector"\} [1-9]/,
      ),
    )
    expect(received).toEqual([])
    isAway = false
    await eventually(async () =>
      expect(await (await app.get('/metrics')).text()).toMatch(/mcp_audit_delivery_behind\{delivery="collector"\} 0/),
    )
    expect(received[0]).toMatchObject({ authorization: 'Bearer of-the-collector', type: 'application/json' })
    const text = received.map(({ body }) => body).join('')
    expect(text).toContain('called whoami')
    expect(text).not.toContain('anna@company.com')
    await eventually(() =>
      expect(readFileSync(cefFile, 'utf8')).toContain('msg=anna@company.com (Sales) called whoami'),
    )
    const numbers = [...text.matchAll(/"audit.sequence","value":\{"intValue":"(\d+)"/g)].map(([, number]) =>
      Number(number),
    )
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })

  it('goes on after a restart where it was, bringing nothing twice', async () => {
    await app.call(app.tokenOf('anna'), 'whoami')
    const sequence = (await app.auditRecords()).length
    await eventually(() => expect(readFileSync(cefFile, 'utf8')).toContain(`externalId=${sequence} `))
    await app.restart()
    await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
    await app.call(app.tokenOf('anna'), 'whoami')
    await eventually(() => expect(readFileSync(cefFile, 'utf8')).toContain(`externalId=${sequence + 2} `))
    const numbers = [...readFileSync(cefFile, 'utf8').matchAll(/externalId=(\d+) /g)].map(([, number]) =>
      Number(number),
    )
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })

  it('forgets a person when told to by the command while it runs, says so on record, and still verifies', async () => {
    const command = fileURLToPath(new URL('../../../packages/audit-log/src/cli/erase.ts', import.meta.url))
    const erase = (...args: string[]) =>
      execFileSync(process.execPath, [command, join(data, 'audit-personal-data.db'), ...args], { encoding: 'utf8' })
    const who = ['--email', 'Anna@company.com', '--log', join(data, 'audit.db')]
    expect(erase(...who)).toMatch(/would be erased. Add --yes to do it.\n$/)
    expect(await app.auditLines()).toContain('anna@company.com (Sales) called get_customer')
    expect(erase(...who, '--yes')).toMatch(/erased, personal data of 1 month; 1 of 1 keys dropped.\n$/)
    expect(erase(...who)).toBe('The log knows nobody of this address.\n')
    await eventually(async () =>
      expect((await app.auditRecords()).at(-1)?.event).toMatchObject({
        action: 'personal_data_erased',
        reason: '1 key dropped',
        subject: expect.any(String),
      }),
    )
    expect((await app.auditLines()).filter((line) => line.includes('anna@'))).toEqual([])
    expect(await verifyAuditLog(join(data, 'audit.db'))).toMatchObject({ intact: true })
    await app.call(app.tokenOf('anna'), 'whoami')
    expect((await app.auditLines()).at(-1)).toBe('whoami called by anna@company.com (Sales) succeeded')
  })
})

describe('retention', () => {
  it('drops the keys of months that are over, once a day, and has that on record', async () => {
    const asked: string[] = []
    const recorded: unknown[] = []
    let waiting = [{ number: 1, beforeMonth: '2025-11', keys: 7 }]
    let now = Date.parse('2026-11-28T05:00:00Z') / 1000
    const keeper = keepErasures({
      vault: {
        erase: () => 0,
        eraseBefore: (instant) => asked.push(instant),
        erasuresToRecord: () => waiting,
        markRecorded: () => {
          waiting = []
        },
      },
      auditTrail: { record: async (event) => void recorded.push(event) },
      tellOthers: async () => [],
      keepMonths: 12,
      logger: { error: () => {}, warn: () => {} },
      clock: () => now,
      intervalMs: 1,
    })
    await eventually(async () => expect(recorded).toHaveLength(1))
    now += 23 * 60 * 60
    await eventually(async () => expect(asked).toEqual(['2025-11-01T00:00:00.000Z']))
    now += 4 * 24 * 60 * 60
    await eventually(async () => expect(asked).toEqual(['2025-11-01T00:00:00.000Z', '2025-12-01T00:00:00.000Z']))
    keeper.stop()
    expect(recorded).toEqual([
      {
        phase: 'security',
        action: 'personal_data_erased',
        outcome: 'succeeded',
        reason: '7 keys dropped, of all months before 2025-11',
      },
    ])
  })
  it('tells other replicas of an erasure until all know it, has it on record once, and does not tell on what they told', async () => {
    const recorded: unknown[] = []
    const told: number[] = []
    let waiting: { number: number; subject: { issuer: string; subject: string }; keys: number }[] = []
    let isAway = true
    const subject = { issuer: 'https://sso.company.com/realms/company', subject: 'sub-anna' }
    const erase = () => waiting.push({ number: waiting.length + 1, subject, keys: 1 })
    const keeper = keepErasures({
      vault: {
        erase,
        eraseBefore: () => 0,
        erasuresToRecord: () => [...waiting],
        markRecorded: ({ number }) => {
          waiting = waiting.filter((erasure) => erasure.number !== number)
        },
      },
      auditTrail: { record: async (event) => void recorded.push(event) },
      async tellOthers({ number }) {
        told.push(number)
        return isAway ? [{ log: 'mcp-server-2', problem: 'the replica cannot be reached' }] : []
      },
      keepMonths: undefined,
      logger: { error: () => {}, warn: () => {} },
      intervalMs: 1,
    })
    erase()
    await eventually(async () => expect(told.length).toBeGreaterThan(2))
    keeper.eraseAsTold({ subject })
    await eventually(async () => expect(recorded).toHaveLength(2))
    isAway = false
    await eventually(async () => expect(waiting).toEqual([]))
    keeper.stop()
    expect(new Set(told)).toEqual(new Set([1]))
    expect(recorded).toHaveLength(2)
  })
})

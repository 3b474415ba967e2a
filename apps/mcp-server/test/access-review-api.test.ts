import { verifyEvidence } from '@mcp-identity/policy/access-review'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PersonName } from './fixtures/people.ts'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'

let app: TestServer

const ready = () => vi.waitFor(async () => expect((await app.get('/readyz')).status).toBe(200), 5_000)

beforeAll(async () => {
  app = await startTestServer()
  await ready()
})
afterAll(() => app.stop())
beforeEach(() => app.setClock('2026-11-24T10:00:00+01:00'))

interface Item {
  id: string
  subject: string
  tool: string
  records: string
  why: object[]
  policies: string[]
  conditions: string[]
  lastUsed: string | null
  neverUsed: boolean
  mark: { verdict: string; reason: string; by: { email: string } } | null
}

interface Answer {
  id: string
  state: string
  items: Item[]
  accounts: { username: string; kind: string; clientId?: string; roles: string[]; grants: Item[] }[]
  groups: { name: string; members: number; grants: { tool: string }[] }[]
  stillGranted: string[]
  campaigns: { id: string; approved: number; revoked: number; items: number }[]
  warnings: string[]
  files: Record<string, string>
  signature: string
  publicKey: Record<string, string>
  keys: Record<string, string>[]
  error: string
  error_description: string
  checks: { check: string; isRight: boolean; found: string }[]
  references: { where: string; what: string }[]
  activity: { tools: { tool: string; allowed: number; refused: number }[] }
  nothingWorks: boolean
  reachedByNobody: string[]
}

async function ask(path: string, body?: object, who: PersonName = 'ivan'): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${app.origin}/access-review${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${app.tokenOf(who)}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

const start = async (scope: object = { kind: 'everything' }): Promise<Answer> =>
  (await ask('/campaigns', { scope })).body

describe('GET /access-review', () => {
  it('says what each account may do, on which records, and why', async () => {
    const { status, body } = await ask('')
    expect(status).toBe(200)
    const bob = body.accounts.find(({ username }) => username === 'bob')
    expect(bob?.grants.find(({ tool }) => tool === 'update_customer')).toMatchObject({
      records: 'team = "Sales West"',
      why: [{ by: 'group', group: '/Account Managers', role: 'write:own-data', scope: 'write:own-data' }],
      policies: ['account-managers-change-their-own-team'],
      conditions: ['Account Managers may change customers of their own team only.'],
    })
    expect(body.accounts.find(({ username }) => username === 'erin')?.grants.map(({ tool }) => tool)).toEqual([
      'whoami',
    ])
  })

  it('counts services, by the roles that their tokens told, and says when none was seen', async () => {
    const [warning] = (await ask('')).body.warnings
    expect(warning).toContain('nightly-report')
    await app.call(app.tokenOfService(), 'whoami')
    expect((await ask('')).body.warnings).toEqual([])
    const service = (await ask('')).body.accounts.find(({ kind }) => kind === 'service')
    expect(service).toMatchObject({ clientId: 'nightly-report', roles: ['read:customers', 'admin:reports'] })
    expect(service?.grants.find(({ tool }) => tool === 'run_report')?.why).toEqual([
      { by: 'seen', role: 'admin:reports', scope: 'admin:reports' },
    ])
  })

  it('shows a role that no group gives, until permissions change', async () => {
    await app.call(app.tokenOf('erin', { roles: ['read:finance'] }), 'whoami')
    const roles = async () => (await ask('')).body.accounts.find(({ username }) => username === 'erin')?.roles
    expect(await roles()).toEqual(['read:finance'])
    app.applySignals([
      { kind: 'permissions_changed', issuer: app.keycloak.issuer, subject: 'sub-erin', changedAt: Date.now() / 1000 },
    ])
    expect(await roles()).toEqual([])
  })

  it('tells what was used last and what never was, from the audit log', async () => {
    await app.call(app.tokenOf('anna'), 'list_customers', { limit: 1 })
    const anna = (await ask('')).body.accounts.find(({ username }) => username === 'anna')
    const of = (name: string) => anna?.grants.find(({ tool }) => tool === name)
    expect(of('list_customers')).toMatchObject({ neverUsed: false, lastUsed: expect.stringMatching(/^20\d\d-/) })
    expect(of('get_customer')).toMatchObject({ neverUsed: true, lastUsed: null })
  })

  it('says what a group gives to who joins it', async () => {
    const group = (await ask('')).body.groups.find(({ name }) => name === 'Operations')
    expect(group).toMatchObject({ members: 1 })
    expect(group?.grants.map(({ tool }) => tool)).toContain('export_audit')
  })

  it('is for those who may read the audit log', async () => {
    expect((await ask('', undefined, 'anna')).status).toBe(403)
    expect((await fetch(`${app.origin}/access-review`)).status).toBe(401)
  })

  it('is not there while the realm cannot be read', async () => {
    const token = app.tokenOf('ivan')
    app.keycloak.setDown(true)
    const response = await app.get('/access-review', token)
    app.keycloak.setDown(false)
    expect(response.status).toBe(503)
  })
})

describe('a campaign', () => {
  it('is begun over a scope, marked grant by grant, signed off, and kept', async () => {
    const { id, items } = await start({ kind: 'person', name: 'alice' })
    expect(items.map(({ tool }) => tool)).toContain('delete_customer')
    const [first, ...others] = items.map((item) => item.id)
    await ask('/marks', { campaign: id, items: [first], verdict: 'revoke', reason: 'moved to another team' })
    expect((await ask('/sign-off', { campaign: id })).body.error).toBe('unmarked_items')
    await ask('/marks', { campaign: id, items: others, verdict: 'approve', reason: 'needed for her work' })
    expect((await ask('/sign-off', { campaign: id })).body.state).toBe('signed off')
    await app.restart()
    await ready()
    const kept = await ask(`/campaigns?id=${id}`)
    expect(kept.body.items[0]?.mark).toMatchObject({
      verdict: 'revoke',
      reason: 'moved to another team',
      by: { email: 'ivan@company.com' },
    })
    expect(kept.body.stillGranted).toEqual([first])
    expect(
      (await ask('/marks', { campaign: id, items: [first], verdict: 'approve', reason: 'changed my mind' })).body.error,
    ).toBe('signed_off')
  })

  it('can be about a tool or a group', async () => {
    const tools = await start({ kind: 'tool', name: 'list_invoices' })
    expect(new Set(tools.items.map(({ subject }) => subject))).toEqual(new Set(['sub-carol']))
    const group = await start({ kind: 'group', name: 'Customer Readers' })
    expect(new Set(group.items.map(({ subject }) => subject))).toEqual(new Set(['sub-anna']))
    expect((await ask('/campaigns', { scope: { kind: 'tool', name: 'drop_table' } })).body.error).toBe('empty_scope')
  })

  it('lets nobody review her own access', async () => {
    const { id, items } = await start({ kind: 'person', name: 'ivan@company.com' })
    const request = { campaign: id, items: [items[0]?.id], verdict: 'approve', reason: 'I need this' }
    expect(await ask('/marks', request)).toMatchObject({ status: 403, body: { error: 'own_access' } })
    expect((await ask('/marks', request, 'carol')).status).toBe(200)
  })

  it('is begun and marked only by those whom the policies let review access', async () => {
    const { id, items } = await start()
    expect((await ask('', undefined, 'dave')).status).toBe(200)
    const mark = { campaign: id, items: [items[0]?.id], verdict: 'approve', reason: 'looks right' }
    for (const [path, body] of [
      ['/campaigns', {}],
      ['/marks', mark],
      ['/sign-off', { campaign: id }],
    ] as const) {
      expect((await ask(path, body, 'dave')).status).toBe(403)
    }
    app.setClock('2026-11-24T22:00:00+01:00')
    expect((await ask('/marks', mark, 'carol')).status).toBe(403)
  })

  it.each([
    ['/campaigns', { scope: { kind: 'planet' } }],
    ['/campaigns', 'no object'],
    ['/marks', { campaign: 'x', items: [], verdict: 'perhaps' }],
    ['/marks', { campaign: crypto.randomUUID(), items: ['x'], verdict: 'approve', reason: '  ' }],
    ['/sign-off', {}],
  ])('answers %s %j with 400 and what is wrong', async (path, body) => {
    expect(await ask(path, body as object)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it('is on record at every step', async () => {
    const { id, items } = await start({ kind: 'person', name: 'erin' })
    await ask('/marks', { campaign: id, items: items.map((item) => item.id), verdict: 'approve', reason: 'harmless' })
    await ask('/sign-off', { campaign: id })
    const lines = await app.auditLines()
    for (const step of ['access review started', 'access grant marked', 'access review signed off']) {
      expect(lines.some((line) => line.startsWith(`${step} by ivan@company.com`))).toBe(true)
    }
  })
})

describe('evidence', () => {
  it('is signed by a key that stays, and of a signed-off campaign the same each time', async () => {
    const { id, items } = await start({ kind: 'person', name: 'erin' })
    await ask('/marks', { campaign: id, items: items.map((item) => item.id), verdict: 'approve', reason: 'harmless' })
    await ask('/sign-off', { campaign: id })
    const { body } = await ask(`/evidence?campaign=${id}`)
    expect(Object.keys(body.files)).toEqual(['access-review.json', 'access-review.csv', 'access-review.html'])
    const [key] = (await ask('/key')).body.keys
    if (key === undefined) throw new Error('no key')
    expect(await verifyEvidence(body, key)).toMatchObject({ outcome: 'intact', keyId: key.kid })
    expect((await ask(`/evidence?campaign=${id}`)).body.signature).toBe(body.signature)
    const csv = await app.get(`/access-review/evidence?campaign=${id}&file=access-review.csv`, app.tokenOf('ivan'))
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="access-review.csv"')
    expect(await csv.text()).toBe(body.files['access-review.csv'])
  })

  it('can be had of what access is now', async () => {
    const { body } = await ask('/evidence')
    expect(await verifyEvidence(body, body.publicKey)).toMatchObject({ outcome: 'intact' })
    expect(body.files['access-review.csv']).toContain('"alice@company.com"')
  })
})

describe('GET /access-review/leaver', () => {
  it('says what somebody did, what still refers to her, and what still works', async () => {
    await app.call(app.tokenOf('alice'), 'whoami')
    const { body } = await ask('/leaver?person=alice')
    expect(body.activity.tools).toContainEqual(expect.objectContaining({ tool: 'whoami', allowed: 1 }))
    expect(body.references).toContainEqual({ where: 'group in the realm', what: 'Customer Admins' })
    expect(body.nothingWorks).toBe(false)
    expect(body.checks.filter(({ isRight }) => isRight).map(({ check }) => check)).toEqual([
      'every audit log was read',
      'the account has no session',
    ])
  })

  it('proves that nothing works once the account is disabled and cut off', async () => {
    app.keycloak.disable('sub-alice')
    const now = Math.floor(Date.now() / 1000) + 1
    app.applySignals([
      { kind: 'cut_off', issuer: app.keycloak.issuer, subject: 'sub-alice', notBefore: now, cause: 'account_disabled' },
    ])
    await app.post(app.tokenOf('alice', { issuedAt: now - 10 }), { jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const { body } = await ask('/leaver?person=alice%40company.com')
    expect(body.checks.filter(({ isRight }) => !isRight)).toEqual([])
    expect(body.nothingWorks).toBe(true)
  })

  it.each(['mallory', '', 'x'.repeat(300)])('knows nobody called %j', async (person) => {
    expect((await ask(`/leaver?person=${person}`)).status).toBe(person === 'mallory' ? 404 : 400)
  })
})

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PersonName } from './fixtures/people.ts'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'

let app: TestServer

beforeAll(async () => {
  app = await startTestServer()
  await vi.waitFor(async () => expect((await app.get('/readyz')).status).toBe(200), 5_000)
})
afterAll(() => app.stop())

const console_ = 'http://localhost:8480'

interface Answer {
  status: number
  body: {
    decision: { outcome: string; policies: string[]; explanation?: string; retryAfter?: string; layers: object[] }
    policies: { name: string; standing: string }[]
    at: string
    error_description?: string
  }
}

async function ask(question: unknown, who: PersonName = 'ivan'): Promise<Answer> {
  const response = await fetch(`${app.origin}/policies/what-if`, {
    method: 'POST',
    headers: { authorization: `Bearer ${app.tokenOf(who)}`, 'content-type': 'application/json', origin: console_ },
    body: typeof question === 'string' ? question : JSON.stringify(question),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

const bob = { department: 'Sales West', groups: ['All Staff', 'Account Managers'], zoneinfo: 'America/Los_Angeles' }
const carol = { department: 'IT', groups: ['Administrators'], zoneinfo: 'Europe/Berlin', country: 'DE' }

describe('GET /policies', () => {
  it('hands out every policy as it is written, and what each tool acts on', async () => {
    const response = await app.get('/policies', app.tokenOf('ivan'))
    const body = (await response.json()) as {
      version: string
      policies: { name: string; text: string; effect: string }[]
      tools: { name: string; scopes: string[]; resourceType: string; attributes: object }[]
      groups: { name: string; roles: string[] }[]
    }
    expect(body.version).toMatch(/\S/)
    const policy = body.policies.find(({ name }) => name === 'operations-without-financial-records')
    expect(policy).toMatchObject({ effect: 'forbid', text: expect.stringContaining('Group::"Operations"') })
    expect(body.tools).toContainEqual({
      name: 'update_customer',
      scopes: ['write:own-data'],
      resourceType: 'Customer',
      attributes: { team: { type: 'string' }, strategic: { type: 'boolean', optional: true } },
    })
    expect(body.groups).toContainEqual({ name: 'Customer Readers', roles: ['read:customers'] })
  })

  it('can be read while the realm cannot', async () => {
    const token = app.tokenOf('ivan')
    expect((await app.get('/policies', token)).status).toBe(200)
    app.keycloak.setDown(true)
    const response = await app.get('/policies', token)
    app.keycloak.setDown(false)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ groups: [] })
  })
})

describe('GET /policies/people', () => {
  it('lists whom the realm knows, with groups and what policies ask for', async () => {
    const { people } = (await (await app.get('/policies/people', app.tokenOf('ivan'))).json()) as { people: object[] }
    expect(people).toContainEqual({
      subject: 'sub-bob',
      username: 'bob',
      name: 'Bob Cole',
      email: 'bob@company.com',
      department: 'Sales West',
      zoneinfo: 'America/Los_Angeles',
      country: 'US',
      groups: ['Account Managers'],
      isEnabled: true,
    })
  })
})

describe('POST /policies/what-if', () => {
  it('answers for one record of the own team, and for one of another', async () => {
    const own = await ask({ caller: bob, tool: 'update_customer', record: { team: 'Sales West' } })
    expect(own.body.decision).toMatchObject({
      outcome: 'allowed',
      policies: ['account-managers-change-their-own-team'],
    })
    const other = await ask({ caller: bob, tool: 'update_customer', record: { team: 'Sales East' } })
    expect(other.body.decision).toMatchObject({
      outcome: 'denied',
      explanation: 'Account Managers may change customers of their own team only.',
    })
    expect(other.body.policies).toContainEqual(
      expect.objectContaining({ name: 'account-managers-change-their-own-team', standing: 'condition missing' }),
    )
  })

  it('takes scopes from the groups, as the realm gives them', async () => {
    const { body } = await ask({ caller: bob, tool: 'run_report' })
    expect(body.decision).toMatchObject({ outcome: 'denied' })
    expect(body.decision.layers).toContainEqual(expect.objectContaining({ layer: 'scopes', outcome: 'denied' }))
  })

  it.each([
    ['2026-12-02T10:00:00+01:00', 'allowed', undefined],
    ['2026-12-05T10:00:00+01:00', 'denied', '2026-12-07T09:00:00+01:00'],
    ['2026-12-25T10:00:00+01:00', 'denied', '2026-12-28T09:00:00+01:00'],
  ])('takes the time: %s is %s', async (at, outcome, retryAfter) => {
    const { body } = await ask({ caller: carol, tool: 'delete_customer', record: { team: 'Sales West' }, at })
    expect(body.decision).toMatchObject({ outcome, ...(retryAfter && { retryAfter }) })
  })

  it.each([
    [{ caller: bob, tool: 'fly' }, 'there is no tool fly'],
    [{ caller: bob, tool: 'get_customer', record: { colour: 'red' } }, 'Customer has no attribute colour'],
    [{ caller: bob, tool: 'get_customer', record: { team: 7 } }, 'team must be a string'],
    [{ caller: bob, tool: 'get_customer', record: { strategic: true } }, 'team must be given'],
    [{ caller: bob, tool: 'get_customer', at: 'tomorrow' }, 'at: '],
    ['not JSON', 'expected object'],
  ])('refuses a question that makes no sense: %j', async (question, problem) => {
    const { status, body } = await ask(question)
    expect(status).toBe(400)
    expect(body.error_description).toContain(problem)
  })

  it('records nothing', async () => {
    const before = (await app.auditLines()).length
    await ask({ caller: bob, tool: 'update_customer' })
    expect((await app.auditLines()).length).toBe(before)
  })
})

describe('the policies', () => {
  const routes = ['/policies', '/policies/people']

  it.each(routes)('%s: are for those who may read the audit log', async (path) => {
    expect((await app.get(path)).status).toBe(401)
    const refused = await app.get(path, app.tokenOf('anna'))
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toMatch(/scope="[^"]*admin:reports"/)
    expect((await app.get(path, app.tokenOf('dave'))).status).toBe(200)
  })

  it('are not asked by those who may not read them', async () => {
    expect((await ask({ caller: bob, tool: 'whoami' }, 'anna')).status).toBe(403)
  })

  it('say why they refuse somebody whose policy does not let her, and put it on record', async () => {
    app.setClock('2026-11-22T12:00:00Z')
    const refused = await app.get('/policies', app.tokenOf('carol'))
    app.setClock('')
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ error_description: expect.stringContaining('business hours') })
    await vi.waitFor(async () => expect((await app.auditLines()).join('\n')).toContain('/policies'))
  })

  it('answer one method each', async () => {
    expect((await app.get('/policies/what-if', app.tokenOf('ivan'))).status).toBe(405)
  })
})

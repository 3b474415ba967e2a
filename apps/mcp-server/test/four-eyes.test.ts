import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import type { PersonName } from './fixtures/people.ts'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'

/** A strategic customer: see the seed. */
let strategic: string
let app: TestServer

beforeAll(async () => {
  app = await startTestServer()
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
  strategic = await firstStrategic()
})
afterAll(() => app.stop())
beforeEach(() => app.setClock('2026-11-24T10:00:00+01:00'))

async function firstStrategic(): Promise<string> {
  for (let after = 'cust_000'; ; ) {
    const { structured } = await app.call(app.tokenOf('alice'), 'list_customers', { limit: 100, after })
    const page = structured as { customers: { id: string; strategic: boolean }[]; nextAfter: string }
    const found = page.customers.find((customer) => customer.strategic)
    if (found !== undefined) return found.id
    after = page.nextAfter
  }
}

const deleteIt = () => app.call(app.tokenOf('alice'), 'delete_customer', { id: strategic })

const ask = async (person: PersonName, path: string, method = 'GET', body?: object) => {
  const response = await fetch(`${app.origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${app.tokenOf(person)}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const waitingFor = async (person: PersonName) =>
  (await ask(person, '/approvals')).body.waiting as {
    id: string
    tool: string
    requestedByName: string
    arguments: object
  }[]

describe('a call that takes two people', () => {
  it('waits, is shown to those who may approve it, and happens once somebody else did', async () => {
    const refused = await deleteIt()
    expect(refused.isError).toBe(true)
    expect(await waitingFor('anna')).toEqual([])
    const [waiting] = await waitingFor('carol')
    expect(waiting).toMatchObject({
      tool: 'delete_customer',
      requestedByName: 'alice@company.com',
      arguments: { id: strategic },
    })
    expect(refused.text).toContain(waiting?.id)
    expect((await ask('carol', '/approvals', 'POST', { id: waiting?.id })).status).toBe(200)
    expect((await deleteIt()).structured).toMatchObject({ deleted: true })
    expect((await deleteIt()).isError).toBe(true)
  })

  it('is not approved by who asked, by who may not make it, nor twice', async () => {
    await deleteIt()
    const [{ id } = { id: '' }] = await waitingFor('carol')
    expect((await ask('alice', '/approvals', 'POST', { id })).status).toBe(403)
    expect((await ask('anna', '/approvals', 'POST', { id })).status).toBe(403)
    expect((await ask('carol', '/approvals', 'POST', { id })).status).toBe(200)
    expect((await ask('carol', '/approvals', 'POST', { id })).status).toBe(409)
  })

  it('is remembered over a restart, request and approval', async () => {
    // The first may use an approval that a test before left unused.
    await deleteIt()
    expect((await deleteIt()).isError).toBe(true)
    await app.restart()
    await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
    const [{ id } = { id: '' }] = await waitingFor('carol')
    expect((await ask('carol', '/approvals', 'POST', { id })).status).toBe(200)
    await app.restart()
    await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
    expect((await deleteIt()).isError).toBe(false)
    expect((await deleteIt()).isError).toBe(true)
  })

  it('serves only who asked', async () => {
    const carols = await app.call(app.tokenOf('carol'), 'delete_customer', { id: strategic })
    expect(carols.isError).toBe(true)
  })

  it('is on record at every step', async () => {
    await eventually(async () => {
      const lines = await app.auditLines()
      for (const step of ['approval requested', 'approval given', 'approval used']) {
        expect(lines.some((line) => line.startsWith(step))).toBe(true)
      }
    })
  })

  it.each([
    [{ id: 'd9428888-122b-11e1-b85c-61cd3cbb3210' }, 404],
    [{ id: 'anything' }, 400],
    [{}, 400],
  ])('answers %j with %i', async (body, status) => {
    expect((await ask('carol', '/approvals', 'POST', body)).status).toBe(status)
  })
})

describe('an emergency', () => {
  const night = '2026-11-24T22:00:00+01:00'
  const exportAudit = () => app.call(app.tokenOf('carol'), 'export_audit', { limit: 1 })

  it('opens to an administrator at night what she has by day, until she ends it', async () => {
    app.setClock(night)
    expect((await exportAudit()).isError).toBe(true)
    const justification = 'Customer data is being deleted by a script right now.'
    expect((await ask('carol', '/emergency', 'POST', { justification })).status).toBe(201)
    expect((await exportAudit()).isError).toBe(false)
    await ask('carol', '/emergency', 'DELETE')
    expect((await exportAudit()).isError).toBe(true)
    await eventually(async () => {
      const lines = await app.auditLines()
      expect(lines.some((line) => line.startsWith('emergency declared'))).toBe(true)
    })
  })

  it('gives nothing to those who are no administrators', async () => {
    expect((await ask('anna', '/emergency', 'POST', { justification: 'I would like to see more.' })).status).toBe(201)
    expect(await app.listTools(app.tokenOf('anna'))).not.toContain('export_audit')
  })

  it('takes a reason', async () => {
    expect((await ask('carol', '/emergency', 'POST', { justification: 'help' })).status).toBe(400)
  })
})

it('needs a token', async () => {
  expect((await fetch(`${app.origin}/approvals`)).status).toBe(401)
  expect((await fetch(`${app.origin}/emergency`, { method: 'POST' })).status).toBe(401)
})

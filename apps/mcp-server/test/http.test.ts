import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer, toolCall } from './fixtures/test-server.ts'

let app: TestServer

beforeAll(async () => {
  app = await startTestServer()
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
})
afterAll(() => app.stop())

const console_ = 'http://localhost:8480'

it('is alive', async () => {
  expect(await (await app.get('/healthz')).json()).toEqual({ status: 'ok' })
})

it('publishes its metadata for clients that know only its address', async () => {
  for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource']) {
    const metadata = await (await app.get(path)).json()
    expect(metadata).toMatchObject({ resource: app.resource, authorization_servers: [app.keycloak.issuer] })
  }
})

it('challenges a request without a token', async () => {
  const response = await app.post(undefined, toolCall('whoami'))
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toContain('resource_metadata=')
})

it('counts calls by tool and outcome, and names nobody', async () => {
  await app.call(app.tokenOf('anna'), 'whoami')
  const text = await (await app.get('/metrics')).text()
  expect(text).toContain('mcp_tool_calls_total{tool="whoami",outcome="succeeded"}')
  expect(text).toContain('mcp_signal_feed_age_seconds')
  expect(text).not.toContain('anna')
})

describe('the audit log over HTTP', () => {
  const audit = (query: string, person: 'ivan' | 'anna' | 'dave' = 'ivan', headers = {}) =>
    app.get(`/audit${query}`, app.tokenOf(person), headers)
  const recordsOf = async (response: Response) =>
    ((await response.json()) as { records: { sequence: number; line: string; event: { outcome: string } }[] }).records

  it('is refused without the scope, with a challenge that names it', async () => {
    const response = await audit('', 'anna')
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('scope="read:customers admin:reports"')
  })

  it('is refused by policy even with the scope', async () => {
    const response = await app.get('/audit', app.tokenOf('anna', { roles: ['read:customers', 'admin:reports'] }))
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ error: 'access_denied' })
  })

  it('is refused without a token', async () => {
    expect((await app.get('/audit')).status).toBe(401)
  })

  it('goes forward from a record and back from the newest, without gap or repetition', async () => {
    for (let i = 0; i < 6; i++) await app.call(app.tokenOf('dave'), 'whoami')
    const forward = await recordsOf(await audit('?afterSequence=2&limit=3'))
    expect(forward.map(({ sequence }) => sequence)).toEqual([3, 4, 5])
    const newest = (await (await audit('?limit=4')).json()) as { records: { sequence: number }[]; cursor: string }
    const older = await recordsOf(await audit(`?limit=4&cursor=${newest.cursor}`))
    expect(older.at(-1)?.sequence).toBe((newest.records[0]?.sequence ?? 0) - 1)
  })

  it('filters by tool, outcome and text', async () => {
    await app.post(app.tokenOf('anna'), toolCall('delete_customer', { id: 'cust_001' }))
    const records = await recordsOf(await audit('?outcome=refused&tool=delete_customer&text=ANNA'))
    expect(records).toHaveLength(1)
    expect(records[0]?.line).toContain('anna@company.com (Sales) was refused delete_customer')
  })

  it.each(['?limit=0', '?limit=many', '?afterSequence=-1', '?colour=red'])('answers 400 to %s', async (query) => {
    expect((await audit(query)).status).toBe(400)
  })

  it('may be read by the console’s page and by no other', async () => {
    const allowed = await fetch(`${app.origin}/audit`, { method: 'OPTIONS', headers: { origin: console_ } })
    expect(allowed.status).toBe(204)
    expect(allowed.headers.get('access-control-allow-origin')).toBe(console_)
    expect((await audit('', 'ivan', { origin: console_ })).headers.get('access-control-allow-origin')).toBe(console_)
    expect(
      (await fetch(`${app.origin}/audit`, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })).status,
    ).toBe(403)
    expect((await audit('', 'ivan', { origin: 'https://evil.example' })).status).toBe(403)
  })

  it('is read only', async () => {
    expect((await fetch(`${app.origin}/audit`, { method: 'DELETE' })).status).toBe(405)
  })
})

it('answers 404 to what is not there, in JSON', async () => {
  const response = await app.get('/admin')
  expect(response.status).toBe(404)
  expect(response.headers.get('content-type')).toContain('application/json')
})

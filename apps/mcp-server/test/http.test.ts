import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type RecordClaimText, verifyClaim } from '@mcp-identity/audit-log/browser'
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

it('answers under its own name only, and under another that it was told', async () => {
  const replica = await startTestServer({ allowedHosts: ['127.0.0.1'] })
  await eventually(async () => expect((await replica.get('/readyz')).status).toBe(200))
  const askByAddress = ({ origin, tokenOf }: TestServer) =>
    fetch(`${origin.replace('localhost', '127.0.0.1')}/access`, {
      headers: { authorization: `Bearer ${tokenOf('anna')}` },
    })
  expect((await askByAddress(app)).status).toBe(403)
  expect((await askByAddress(replica)).status).toBe(200)
  await replica.stop()
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
    (
      (await response.json()) as {
        records: { sequence: number; hash: string; line: string; event: { outcome: string } }[]
      }
    ).records

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

  it('shows one record to be under a signed checkpoint, to somebody who has only the key', async () => {
    await app.call(app.tokenOf('dave'), 'whoami')
    const newest = (await recordsOf(await audit('?limit=1')))[0]
    const { verifierKey, ...checkpoint } = (await (await audit('/checkpoint')).json()) as Record<string, string>
    expect(checkpoint).toMatchObject({ origin: 'mcp-identity/audit', size: newest?.sequence })
    const response = await audit(`/proof?sequence=${newest?.sequence}`)
    const claim = (await response.json()) as RecordClaimText & { sequence: number; verifierKey: string }
    expect(claim).toMatchObject({ sequence: newest?.sequence, verifierKey })
    expect(await verifyClaim(claim, verifierKey ?? '')).toMatchObject({ record: { hash: newest?.hash } })
    const first = (await (await audit('/proof?sequence=1')).json()) as RecordClaimText
    expect(await verifyClaim(first, verifierKey ?? '')).toMatchObject({ record: { sequence: 1 } })
    await expect(verifyClaim({ ...first, proof: claim.proof }, verifierKey ?? '')).rejects.toThrow('not in the log')
  })

  it('proves what was written since the newest checkpoint', async () => {
    const { size } = (await (await audit('/checkpoint')).json()) as { size: number }
    await app.call(app.tokenOf('dave'), 'whoami')
    const claim = (await (await audit(`/proof?sequence=${size + 2}`)).json()) as RecordClaimText & {
      verifierKey: string
    }
    expect((await verifyClaim(claim, claim.verifierKey)).size).toBeGreaterThanOrEqual(size + 2)
  })

  it.each(['', '?sequence=', '?sequence=0', '?sequence=-1', '?sequence=1.5', '?sequence=many'])(
    'answers 400 to a proof of no record: %j',
    async (query) => expect((await audit(`/proof${query}`)).status).toBe(400),
  )

  it('answers 404 to a proof of a record that is not there yet', async () => {
    expect((await audit('/proof?sequence=999999999')).status).toBe(404)
  })

  it.each(['/checkpoint', '/proof?sequence=1'])('keeps %s to those who may read the log', async (path) => {
    expect((await app.get(`/audit${path}`)).status).toBe(401)
    expect((await audit(path, 'anna')).status).toBe(403)
    const withScope = app.tokenOf('anna', { roles: ['read:customers', 'admin:reports'] })
    expect((await app.get(`/audit${path}`, withScope)).status).toBe(403)
  })

  it('keeps its signing key to its owner, over restarts', async () => {
    const { verifierKey } = (await (await audit('/checkpoint')).json()) as { verifierKey: string }
    await app.restart()
    await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
    expect(await (await audit('/checkpoint')).json()).toMatchObject({ verifierKey })
    expect(statSync(join(app.folder, 'data', 'audit-signing-key.pem')).mode & 0o777).toBe(0o600)
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

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'

let app: TestServer

beforeAll(async () => {
  app = await startTestServer()
  await vi.waitFor(async () => expect((await app.get('/readyz')).status).toBe(200), 5_000)
})
afterAll(() => app.stop())

const console_ = 'http://localhost:8480'

interface Tool {
  name: string
  outcome: string
  scopes: string[]
  policies: string[]
  explanation?: string
  retryAfter?: string
}

const accessOf = async (token: string): Promise<Map<string, Tool>> => {
  const response = await app.get('/access', token)
  expect(response.status).toBe(200)
  const { tools } = (await response.json()) as { tools: Tool[] }
  return new Map(tools.map((tool) => [tool.name, tool]))
}

const allowedTo = (access: Map<string, Tool>): string[] =>
  [...access.values()].flatMap(({ name, outcome }) => (outcome === 'allowed' ? [name] : [])).sort()

describe('GET /access', () => {
  it('says which tools may be called, by which scope and which policy', async () => {
    const access = await accessOf(app.tokenOf('anna'))
    expect(allowedTo(access)).toEqual(['get_customer', 'list_customers', 'whoami'])
    expect(access.get('list_customers')).toMatchObject({
      title: 'List customers',
      scopes: ['read:customers'],
      policies: ['customer-readers-read'],
    })
  })

  it('explains what may not be called', async () => {
    const refused = (await accessOf(app.tokenOf('anna'))).get('delete_customer')
    expect(refused).toMatchObject({ outcome: 'denied', scopes: ['write:customers'] })
    expect(refused?.explanation).toMatch(/\S/)
  })

  it('names the time when only the hour is wrong', async () => {
    app.setClock('2026-11-22T12:00:00Z')
    const refused = (await accessOf(app.tokenOf('carol'))).get('list_customers')
    expect(refused).toMatchObject({ outcome: 'denied', policies: ['administrators-only-in-business-hours'] })
    expect(refused?.retryAfter).toMatch(/^2026-11-23T/)
    app.setClock('')
  })

  it('needs no scope', async () => {
    expect(allowedTo(await accessOf(app.tokenOf('anna', { scopes: [], roles: [] })))).toEqual(['whoami'])
  })

  it('is refused without a token', async () => {
    expect((await app.get('/access')).status).toBe(401)
  })
})

describe('GET /access/watch', () => {
  it('goes on for as long as the access, and says why it ends', async () => {
    const token = app.tokenOf('alice', { subject: 'watched', issuedAt: Math.floor(Date.now() / 1000) - 10 })
    const response = await app.get('/access/watch', token)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    app.keycloak.adminEvent({
      operationType: 'UPDATE',
      resourceType: 'USER',
      resourcePath: 'users/watched',
      representation: '{"enabled":false}',
    })
    expect(await response.text()).toBe('event: open\ndata: {}\n\nevent: end\ndata: {"reason":"revoked"}\n\n')
  })

  it('ends with the token', async () => {
    const token = app.tokenOf('anna', { subject: 'expiring', issuedAt: Math.floor(Date.now() / 1000) - 298 })
    expect(await (await app.get('/access/watch', token)).text()).toContain('{"reason":"expired"}')
  })

  it('is refused without a token', async () => {
    expect((await app.get('/access/watch')).status).toBe(401)
  })
})

describe('what the console’s page may read', () => {
  it.each(['/readyz', '/access'])('%s, and no other page may', async (path) => {
    const token = path === '/access' ? app.tokenOf('anna') : undefined
    const read = async (origin: string) =>
      (await app.get(path, token, { origin })).headers.get('access-control-allow-origin')
    expect(await read(console_)).toBe(console_)
    expect(await read('https://evil.example')).toBeNull()
  })

  it('answers the preflight of the console and of no other page', async () => {
    const preflight = (origin: string) => fetch(`${app.origin}/access`, { method: 'OPTIONS', headers: { origin } })
    expect((await preflight(console_)).status).toBe(204)
    expect((await preflight('https://evil.example')).status).toBe(403)
  })
})

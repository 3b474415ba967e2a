import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpc } from './support/messages.ts'
import { rawRequest, sendRaw } from './support/raw-http.ts'
import { type StartedServer, scopesSupported, startServer } from './support/start-server.ts'

let server: StartedServer
beforeAll(async () => {
  server = await startServer({
    resource: {
      authorizationServers: ['https://login.company.com/realms/company', 'https://login.partner.example'],
      dpop: { algorithms: ['ES256', 'EdDSA'] },
      documentation: { name: 'Customers', documentationUrl: 'https://docs.company.com/customers' },
    },
  })
})
afterAll(() => server.close())

describe('protected resource metadata (RFC 9728)', () => {
  it.each(['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'])(
    'is served at %s',
    async (path) => {
      const response = await fetch(server.origin + path)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('application/json')
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(await response.json()).toEqual({
        resource: server.url,
        authorization_servers: ['https://login.company.com/realms/company', 'https://login.partner.example'],
        scopes_supported: scopesSupported,
        bearer_methods_supported: ['header'],
        resource_name: 'Customers',
        resource_documentation: 'https://docs.company.com/customers',
        dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
      })
    },
  )

  it('is where the first challenge says', async () => {
    const refused = await fetch(server.url, rpc('2026-07-28', undefined, 'tools/list'))
    const url = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] ?? ''
    const metadata = (await (await fetch(url)).json()) as { resource: string }
    expect(metadata.resource).toBe(server.url)
  })

  it.each([
    '/.well-known/oauth-protected-resource/',
    '/.well-known/oauth-protected-resource/mcp/',
    '/.well-known/oauth-protected-resource/other',
    '/.well-known/oauth-protected-resourcexyz',
    '/mcp/.well-known/oauth-protected-resource',
  ])('is not served at %s', async (path) => {
    expect((await fetch(server.origin + path)).status).toBe(404)
  })

  it('answers HEAD without a body, a preflight of any origin, and no other method', async () => {
    const url = server.metadataUrl
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const headers = { origin: 'https://inspector.example', 'access-control-request-method': 'GET' }
    const preflight = await fetch(url, { method: 'OPTIONS', headers })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(405)
  })

  it('never takes the resource from what the request says about its host', async () => {
    const path = '/.well-known/oauth-protected-resource/mcp'
    const { host } = new URL(server.url)
    const forwarded = ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https', 'Forwarded: host=evil.example']
    const answer = await sendRaw(server.origin, rawRequest(`GET ${path} HTTP/1.1`, [`Host: ${host}`, ...forwarded]))
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body).resource).toBe(server.url)
    const foreign = await sendRaw(server.origin, rawRequest(`GET ${path} HTTP/1.1`, ['Host: evil.example']))
    expect(foreign.status).toBe(403)
    expect(foreign.text).not.toContain('evil')
  })
})

describe('a resource with aliases', () => {
  it('names in each document the spelling that was asked for', async () => {
    const aliased = await startServer({ resource: { resourceAliases: ['https://mcp.company.com/mcp/'] } })
    const ask = async (path: string, host: string) =>
      JSON.parse((await sendRaw(aliased.origin, rawRequest(`GET ${path} HTTP/1.1`, [`Host: ${host}`]))).body).resource
    const { host } = new URL(aliased.url)
    expect(await ask('/.well-known/oauth-protected-resource/mcp', host)).toBe(aliased.url)
    expect(await ask('/.well-known/oauth-protected-resource/mcp/', host)).toBe('https://mcp.company.com/mcp/')
    expect(await ask('/.well-known/oauth-protected-resource', 'mcp.company.com')).toBe('https://mcp.company.com/mcp/')
    await aliased.close()
  })
})

describe('scopes that the authorization server wants named otherwise', () => {
  it('are named its way in metadata and challenges, and the token is still read in ours', async () => {
    const named = await startServer({
      resource: { nameScopes: (scopes) => scopes.map((scope) => `api://customers/${scope}`) },
    })
    try {
      const metadata = (await (await fetch(named.metadataUrl)).json()) as { scopes_supported: string[] }
      expect(metadata.scopes_supported).toEqual(scopesSupported.map((scope) => `api://customers/${scope}`))
      const refused = await fetch(named.url, rpc('2026-07-28', undefined, 'tools/list'))
      expect(refused.headers.get('www-authenticate')).toContain('scope="api://customers/read:customers ')
      const answered = await fetch(named.url, rpc('2026-07-28', named.mint(), 'tools/list'))
      expect(answered.status).toBe(200)
    } finally {
      await named.close()
    }
  })
})

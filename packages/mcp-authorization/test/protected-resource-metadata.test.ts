import { dpopConfirmation, mintDpopProof } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpc } from './support/messages.ts'
import { rawRequest, sendRaw } from './support/raw-http.ts'
import { type StartedServer, scopesSupported, startServer } from './support/start-server.ts'

let server: StartedServer
beforeAll(async () => {
  server = await startServer({
    resource: {
      authorizationServers: ['https://login.company.com/realms/company', 'https://login.partner.example'],
      dpop: { algorithms: ['ES256', 'EdDSA'], required: true },
      documentation: {
        name: 'Customers',
        documentationUrl: 'https://docs.company.com/customers',
        policyUrl: 'https://company.com/policy',
        termsUrl: 'https://company.com/terms',
      },
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
        resource_policy_uri: 'https://company.com/policy',
        resource_tos_uri: 'https://company.com/terms',
        dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
        dpop_bound_access_tokens_required: true,
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

describe('the endpoint of a resource with aliases', () => {
  const alias = 'https://mcp.company.com/customers'
  let aliased: StartedServer
  beforeAll(async () => {
    aliased = await startServer({ resource: { resourceAliases: [alias], dpop: { algorithms: ['ES256'] } } })
  })
  afterAll(() => aliased.close())

  const send = (path: string, host: string, ...headers: string[]) =>
    sendRaw(aliased.origin, rawRequest(`POST ${path} HTTP/1.1`, [`Host: ${host}`, ...headers]))

  it.each([
    ['the canonical spelling', () => new URL(aliased.url), () => aliased.metadataUrl],
    ['the alias', () => new URL(alias), () => 'https://mcp.company.com/.well-known/oauth-protected-resource/customers'],
  ])(
    'challenges with the metadata of %s where that was asked for (RFC 9728 section 3.3)',
    async (_title, url, metadata) => {
      const { host, pathname } = url()
      const named = `resource_metadata="${metadata()}"`
      const anonymous = await send(pathname, host)
      expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringContaining(named),
      ])
      const bad = await send(pathname, host, 'Authorization: Bearer garbage')
      expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining(named)])
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'run_report' } })
      const json = ['Content-Type: application/json', 'Accept: application/json, text/event-stream']
      const authorization = `Authorization: Bearer ${aliased.mint({ claims: { scope: 'read:customers' } })}`
      const lacking = await sendRaw(
        aliased.origin,
        rawRequest(`POST ${pathname} HTTP/1.1`, [`Host: ${host}`, authorization, ...json], body),
      )
      expect([lacking.status, lacking.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining(named)])
    },
  )

  it('takes a DPoP proof for the spelling that was asked for, and for no other', async () => {
    const token = aliased.mint({ claims: { cnf: dpopConfirmation() } })
    const ask = (proven: string) => {
      const proof = mintDpopProof({ method: 'POST', url: proven, accessToken: token, now: aliased.clock() })
      return send('/customers', 'mcp.company.com', `Authorization: DPoP ${token}`, `DPoP: ${proof}`)
    }
    // 415: past the gate, whose business a missing body is not.
    expect((await ask(alias)).status).toBe(415)
    expect((await ask(aliased.url)).status).toBe(401)
  })

  it('refuses two DPoP proofs', async () => {
    const token = aliased.mint({ claims: { cnf: dpopConfirmation() } })
    const proof = () =>
      `DPoP: ${mintDpopProof({ method: 'POST', url: alias, accessToken: token, now: aliased.clock() })}`
    const refused = await send('/customers', 'mcp.company.com', `Authorization: DPoP ${token}`, proof(), proof())
    expect(refused.headers.get('www-authenticate')).toMatch(/^DPoP error="invalid_dpop_proof"/)
    expect([refused.status, aliased.refusals.at(-1)?.reason]).toEqual([401, 'several_dpop_proofs'])
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

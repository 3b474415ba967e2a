import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFrozenClock } from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clientCredentialsToken, microsoftGraphGroups } from '../src/index.ts'

const tenant = '9a1c2f5e-4d58-4d3a-8f0b-6f1f0a2b3c44'
const person = '5f3e0c4a-6a0e-4d5c-9a53-2f6f4f0d7a11'
const claims = { tid: tenant, oid: person }

interface Seen {
  readonly url: string
  readonly authorization: string | undefined
  readonly body: string
}

/** Plays Microsoft Graph and the token endpoint: answers what it is told to, and remembers what it was asked. */
async function emulate(answer: (seen: Seen) => { status?: number; body: unknown }) {
  const seen: Seen[] = []
  const server: Server = createServer(async (request, response) => {
    const asked = { url: request.url ?? '', authorization: request.headers.authorization, body: await bodyOf(request) }
    seen.push(asked)
    const { status = 200, body } = answer(asked)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

describe('the groups of a person at Microsoft Graph', () => {
  const accessToken = async (of: string) => `token for ${of}`
  const dangerouslyAllowInsecureHttp = true

  it('are asked for by object id, nested ones too, with a token of the tenant', async () => {
    const { seen, origin } = await emulate(() => ({ body: { value: ['g1', 'g2'] } }))
    const resolve = microsoftGraphGroups({ accessToken, graphUri: origin, dangerouslyAllowInsecureHttp })
    expect(await resolve(claims)).toEqual(['g1', 'g2'])
    expect(seen).toEqual([
      {
        url: `/v1.0/directoryObjects/${person}/getMemberGroups`,
        authorization: `Bearer token for ${tenant}`,
        body: '{"securityEnabledOnly":false}',
      },
    ])
  })

  it('are kept for as long as was set, and not longer', async () => {
    const clock = createFrozenClock()
    const { seen, origin } = await emulate(() => ({ body: { value: ['g1'] } }))
    const settings = { accessToken, graphUri: origin, cacheSeconds: 60, clock, dangerouslyAllowInsecureHttp }
    const resolve = microsoftGraphGroups(settings)
    for (const seconds of [0, 30, 29]) {
      clock.advance(seconds)
      await resolve(claims)
    }
    expect(seen).toHaveLength(1)
    clock.advance(1)
    await resolve(claims)
    expect(seen).toHaveLength(2)
  })

  it.each([{}, { tid: tenant }, { oid: person }, { tid: 7, oid: person }])(
    'are unknown, and nobody is asked, for claims that name no one: %j',
    async (incomplete) => {
      const { seen, origin } = await emulate(() => ({ body: { value: [] } }))
      const resolve = microsoftGraphGroups({ accessToken, graphUri: origin, dangerouslyAllowInsecureHttp })
      expect(await resolve(incomplete)).toBeUndefined()
      expect(seen).toEqual([])
    },
  )

  it.each([
    { status: 403, body: { error: { code: 'Authorization_RequestDenied' } } },
    { status: 404, body: {} },
    { body: { value: 'g1' } },
    { body: { value: [7] } },
    { body: [] },
  ])('are an error, not none, when the answer is %j', async (answer) => {
    const { origin } = await emulate(() => answer)
    const resolve = microsoftGraphGroups({ accessToken, graphUri: origin, dangerouslyAllowInsecureHttp })
    await expect(resolve(claims)).rejects.toThrow('Microsoft Graph answered with status')
  })

  it('are not asked for over http, nor with a name that leads elsewhere', async () => {
    expect(() => microsoftGraphGroups({ accessToken, graphUri: 'http://graph.example' })).toThrow(TypeError)
    expect(() => microsoftGraphGroups({ accessToken, cacheSeconds: 3601 })).toThrow('cacheSeconds must be 0 to 3600')
    const { seen, origin } = await emulate(() => ({ body: { value: [] } }))
    const resolve = microsoftGraphGroups({ accessToken, graphUri: origin, dangerouslyAllowInsecureHttp })
    await resolve({ tid: tenant, oid: '../users?x=' })
    expect(seen[0]?.url).toBe('/v1.0/directoryObjects/..%2Fusers%3Fx%3D/getMemberGroups')
  })
})

describe('an access token by client credentials', () => {
  const clock = createFrozenClock()
  const credentials = { clientId: 'resource server', clientSecret: 's&cret', clock, dangerouslyAllowInsecureHttp: true }

  it('is asked for once in its life, a minute less', async () => {
    const { seen, origin } = await emulate(() => ({ body: { access_token: 'at', expires_in: 600 } }))
    const accessToken = clientCredentialsToken({ ...credentials, tokenEndpoint: (of) => `${origin}/${of}/token` })
    expect([await accessToken(tenant), await accessToken(tenant)]).toEqual(['at', 'at'])
    clock.advance(539)
    await accessToken(tenant)
    expect(seen).toHaveLength(1)
    clock.advance(1)
    await accessToken(tenant)
    expect(seen).toHaveLength(2)
    expect(seen[0]?.url).toBe(`/${tenant}/token`)
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'resource server',
      client_secret: 's&cret',
      scope: 'https://graph.microsoft.com/.default',
    })
  })

  it('is an error when it is refused', async () => {
    const { origin } = await emulate(() => ({ status: 401, body: { error: 'invalid_client' } }))
    const accessToken = clientCredentialsToken({ ...credentials, tokenEndpoint: () => origin })
    await expect(accessToken(tenant)).rejects.toThrow('the token endpoint answered with status 401')
  })
})

describe('the settings of both', () => {
  const accessToken = async () => 'token'
  it.each([0, 300, 3600])('let groups be kept for %d seconds', (cacheSeconds) => {
    expect(() => microsoftGraphGroups({ accessToken, cacheSeconds })).not.toThrow()
  })

  it.each([-1, 3600.1, Number.NaN])('do not let groups be kept for %d seconds', (cacheSeconds) => {
    expect(() => microsoftGraphGroups({ accessToken, cacheSeconds })).toThrow('cacheSeconds must be 0 to 3600')
  })

  it('ask for each caller on its own, and by the time of this machine', async () => {
    const { seen, origin } = await emulate(() => ({ body: { value: ['g'] } }))
    const resolve = microsoftGraphGroups({ accessToken, graphUri: origin, dangerouslyAllowInsecureHttp: true })
    await resolve(claims)
    await resolve(claims)
    expect(seen).toHaveLength(1)
    await resolve({ ...claims, oid: 'another' })
    expect(seen).toHaveLength(2)
  })

  it('never send credentials over http, nor take a token that comes with an error', async () => {
    const credentials = { clientId: 'a', clientSecret: 'b' }
    const insecure = clientCredentialsToken({ ...credentials, tokenEndpoint: () => 'http://127.0.0.1/token' })
    await expect(insecure(tenant)).rejects.toThrow('tokenEndpoint must be an https address')
    for (const answer of [{ status: 400, body: { access_token: 'at' } }, { body: { access_token: 7 } }, { body: [] }]) {
      const { origin } = await emulate(() => answer)
      const settings = { ...credentials, tokenEndpoint: () => origin, dangerouslyAllowInsecureHttp: true }
      await expect(clientCredentialsToken(settings)(tenant)).rejects.toThrow('the token endpoint answered with status')
    }
  })

  it('keep no token of which nobody says how long it lives', async () => {
    const { seen, origin } = await emulate(() => ({ body: { access_token: 'at', expires_in: '600' } }))
    const settings = {
      clientId: 'a',
      clientSecret: 'b',
      tokenEndpoint: () => origin,
      dangerouslyAllowInsecureHttp: true,
    }
    const token = clientCredentialsToken(settings)
    await token(tenant)
    await token(tenant)
    expect(seen).toHaveLength(2)
  })

  it('ask the public cloud for a token unless told otherwise', async () => {
    const asked: string[] = []
    const token = clientCredentialsToken({
      clientId: 'a',
      clientSecret: 'b',
      fetch: async (address) => {
        asked.push(String(address))
        return new Response('{"access_token":"at","expires_in":600}')
      },
    })
    expect([await token('a/b'), await token('a/b')]).toEqual(['at', 'at'])
    expect(asked).toEqual(['https://login.microsoftonline.com/a%2Fb/oauth2/v2.0/token'])
  })
})

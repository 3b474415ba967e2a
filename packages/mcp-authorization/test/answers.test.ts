import { frozenNow, type TokenFaultName, tokenFaults } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpc } from './support/messages.ts'
import { rawRequest, sendRaw } from './support/raw-http.ts'
import { type StartedServer, scopesSupported, startServer } from './support/start-server.ts'

let server: StartedServer
beforeAll(async () => {
  server = await startServer({ resource: { allowedOrigins: ['https://console.company.com'] } })
})
afterAll(() => server.close())

const descriptions: Record<string, string> = {
  invalid_request: 'The request must carry one access token, in one Authorization header',
  invalid_token: 'The access token is not acceptable here',
}

function challenge(code: string | undefined): string {
  const error = code === undefined ? '' : `error="${code}", error_description="${descriptions[code]}", `
  return `Bearer ${error}scope="${scopesSupported.join(' ')}", resource_metadata="${server.metadataUrl}"`
}

interface Case {
  readonly title: string
  readonly change: (request: Request, mint: StartedServer['mint']) => Request
  readonly status: number
  readonly reason: string
  readonly code?: string
}

const authorization = (value: string) => (request: Request) => changed(request, { authorization: value })
const minted =
  (options: Parameters<StartedServer['mint']>[0]): Case['change'] =>
  (request, mint) =>
    changed(request, { authorization: `Bearer ${mint(options)}` })

const cases: readonly Case[] = [
  {
    title: 'asks for a token without an error code when nothing was sent',
    change: (request) => changed(request, { authorization: undefined }),
    status: 401,
    reason: 'no_credentials',
  },
  {
    title: 'takes an empty Authorization header for nothing',
    change: authorization(''),
    status: 401,
    reason: 'no_credentials',
  },
  {
    title: 'takes a scheme that is not offered for nothing (RFC 6750 section 3.1)',
    change: authorization('Basic YWxpY2U6c2VjcmV0'),
    status: 401,
    reason: 'no_credentials',
  },
  {
    title: 'refuses a scheme without a token',
    change: authorization('Bearer'),
    status: 400,
    code: 'invalid_request',
    reason: 'malformed_authorization_header',
  },
  {
    title: 'refuses a tab between scheme and token',
    change: (request, mint) => changed(request, { authorization: `Bearer\t${mint()}` }),
    status: 400,
    code: 'invalid_request',
    reason: 'malformed_authorization_header',
  },
  {
    title: 'refuses two credentials in one header',
    change: (request, mint) => changed(request, { authorization: `Bearer ${mint()}, Bearer ${mint()}` }),
    status: 400,
    code: 'invalid_request',
    reason: 'several_credentials',
  },
  {
    title: 'refuses a token in the query, even beside a good one in the header',
    change: (request) => new Request(`${request.url}?access_token=secret`, request),
    status: 400,
    code: 'invalid_request',
    reason: 'token_in_query',
  },
  {
    title: 'refuses what is no JWT',
    change: authorization('Bearer garbage'),
    status: 401,
    code: 'invalid_token',
    reason: 'malformed',
  },
  {
    title: 'refuses an expired token',
    change: minted({ now: frozenNow - 3600 }),
    status: 401,
    code: 'invalid_token',
    reason: 'expired',
  },
  {
    title: 'refuses a token issued for another audience',
    change: minted({ audience: 'https://other.company.com/mcp' }),
    status: 401,
    code: 'invalid_token',
    reason: 'audience_mismatch',
  },
  {
    title: 'refuses a token of another issuer',
    change: minted({ issuer: 'https://login.attacker.example/realms/company' }),
    status: 401,
    code: 'invalid_token',
    reason: 'issuer_unknown',
  },
  {
    title: 'refuses an ID token',
    change: minted({ claims: { typ: 'ID' } }),
    status: 401,
    code: 'invalid_token',
    reason: 'not_an_access_token',
  },
]

describe('answers of the gate', () => {
  it.each(cases)('$title', async ({ change, status, code, reason }) => {
    const valid = new Request(server.url, rpc('2025-11-25', server.mint(), 'ping'))
    const response = await fetch(change(valid, server.mint))
    expect(response.status).toBe(status)
    expect(response.headers.get('www-authenticate')).toBe(challenge(code))
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual(
      code === undefined ? { error: 'unauthorized' } : { error: code, error_description: descriptions[code] },
    )
    expect(server.refusals.at(-1)).toMatchObject({ reason, code })
  })

  it.each(Object.keys(tokenFaults) as TokenFaultName[])(
    'answers the token fault %s as invalid_token',
    async (fault) => {
      const token = server.mint({ fault })
      // What no header can carry never reaches the gate; a client sends the rest as it is.
      const response = await fetch(server.url, rpc('2025-11-25', token.trim(), 'ping'))
      // Node itself answers headers of more than 16 kB.
      if (fault === 'oversized') expect(response.status).toBe(431)
      else
        expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, challenge('invalid_token')])
      expect(await response.text()).not.toContain(token.slice(0, 40))
    },
  )

  it.each(['bearer', 'BEARER', 'Bearer  '])('accepts the scheme written %j (RFC 9110 section 11.1)', async (scheme) => {
    const request = new Request(server.url, rpc('2025-11-25', undefined, 'ping'))
    const response = await fetch(changed(request, { authorization: `${scheme} ${server.mint()}` }))
    expect(response.status).toBe(200)
  })

  it('never looks for a token in a cookie, a form or another header', async () => {
    const token = server.mint()
    const cookie = await fetch(server.url, {
      method: 'POST',
      headers: { cookie: `access_token=${token}`, 'x-access-token': token },
    })
    const form = await fetch(server.url, { method: 'POST', body: new URLSearchParams({ access_token: token }) })
    expect([cookie.status, form.status]).toEqual([401, 401])
    expect(cookie.headers.get('www-authenticate')).toBe(challenge(undefined))
  })

  it('gives facts of a refused token to the log only when its signature was right', async () => {
    await fetch(server.url, rpc('2025-11-25', server.mint({ claims: { typ: 'ID' } }), 'ping'))
    expect(server.refusals.at(-1)?.facts).toMatchObject({ email: 'alice@company.com' })
    await fetch(server.url, rpc('2025-11-25', server.mint({ fault: 'foreignKey' }), 'ping'))
    expect(server.refusals.at(-1)?.facts).toBeUndefined()
  })
})

describe('the resource server itself in trouble', () => {
  it('answers 503 with Retry-After while the key set cannot be fetched', async () => {
    const own = await startServer()
    own.keySet.behave('failing')
    const response = await fetch(own.url, rpc('2025-11-25', own.mint(), 'ping'))
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(response.headers.get('www-authenticate')).toBeNull()
    expect(own.refusals.at(-1)?.reason).toBe('verifier_unavailable')
    await own.close()
  })

  it('answers 503 while the revocation state is unavailable, to good tokens too', async () => {
    const own = await startServer({ resource: { unavailable: () => 2 } })
    const response = await fetch(own.url, rpc('2025-11-25', own.mint(), 'ping'))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
    expect(own.refusals.at(-1)?.reason).toBe('revocation_state_unavailable')
    await own.close()
  })

  it('answers 503, not 500, when the verifier throws what it should not', async () => {
    const broken = { verify: () => Promise.reject(new Error('secret detail')) }
    const own = await startServer({ resource: { verifier: broken } })
    const response = await fetch(own.url, rpc('2025-11-25', own.mint(), 'ping'))
    expect([response.status, await response.text()]).toEqual([503, '{"error":"temporarily_unavailable"}'])
    expect(own.errors).toEqual([new Error('secret detail')])
    await own.close()
  })
})

describe('Host and Origin', () => {
  it('lets a page of an allowed origin read the answer and its challenge', async () => {
    const response = await fetch(server.url, { method: 'POST', headers: { origin: 'https://console.company.com' } })
    expect(response.status).toBe(401)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://console.company.com')
    expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
    expect(response.headers.get('vary')).toBe('Origin')
  })

  it('answers a page and a program with the same bad token each in its own way, whoever came before', async () => {
    const bad = { authorization: 'Bearer garbage' }
    const ask = async (headers: Record<string, string>) => {
      const answer = await fetch(server.url, { method: 'POST', headers })
      return [answer.headers.get('access-control-allow-origin'), answer.headers.get('www-authenticate')]
    }
    for (const _round of [1, 2]) {
      const origin = 'https://console.company.com'
      expect(await ask(bad)).toEqual([null, challenge('invalid_token')])
      expect(await ask({ ...bad, origin })).toEqual([origin, challenge('invalid_token')])
      expect(await ask({ origin })).toEqual([origin, challenge(undefined)])
    }
  })

  it.each(['https://evil.example', 'null', 'https://console.company.com.evil.example', 'http://console.company.com'])(
    'refuses the origin %s before it looks at the token',
    async (origin) => {
      const request = rpc('2025-11-25', server.mint(), 'ping')
      const response = await fetch(server.url, { ...request, headers: { ...request.headers, origin } })
      expect([response.status, await response.text()]).toEqual([403, '{"error":"forbidden"}'])
      expect(response.headers.get('access-control-allow-origin')).toBeNull()
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(server.refusals.at(-1)?.reason).toBe('origin_not_allowed')
    },
  )

  it('answers the preflight of an allowed origin and refuses that of another', async () => {
    const preflight = (origin: string) =>
      fetch(server.url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      })
    const allowed = await preflight('https://console.company.com')
    expect(allowed.status).toBe(204)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://console.company.com')
    expect((await preflight('https://evil.example')).status).toBe(403)
  })

  it.each([
    ...['Authorization', 'DPoP', 'Content-Type', 'Accept', 'MCP-Protocol-Version', 'Mcp-Session-Id'],
    ...['Mcp-Method', 'Mcp-Name', 'Last-Event-ID'],
  ])('lets pages send %s', async (name) => {
    const headers = { origin: 'https://console.company.com', 'access-control-request-method': 'POST' }
    const allowed = await fetch(server.url, { method: 'OPTIONS', headers })
    expect(allowed.headers.get('access-control-allow-headers')?.split(', ')).toContain(name)
  })

  it('refuses the preflight of an allowed origin for another host (DNS rebinding)', async () => {
    const headers = ['Origin: https://console.company.com', 'Access-Control-Request-Method: POST']
    const ask = (host: string) =>
      sendRaw(server.origin, rawRequest('OPTIONS /mcp HTTP/1.1', [`Host: ${host}`, ...headers]))
    expect((await ask(new URL(server.url).host)).status).toBe(204)
    expect((await ask('evil.example')).status).toBe(403)
  })

  it('refuses another host before it looks at the token', async () => {
    const authorization = `Authorization: Bearer ${server.mint()}`
    const refused = await sendRaw(
      server.origin,
      rawRequest('POST /mcp HTTP/1.1', ['Host: evil.example', authorization]),
    )
    expect([refused.status, server.refusals.at(-1)?.reason]).toEqual([403, 'host_not_allowed'])
  })
})

describe('the size of a body', () => {
  it.each([
    [262_144, 401, 'no_credentials'],
    [262_145, 413, 'body_too_large'],
  ])('of %d bytes, declared, gets %d before the token is asked for', async (size, status, reason) => {
    const response = await fetch(server.url, { method: 'POST', body: 'x'.repeat(size) })
    expect([response.status, server.refusals.at(-1)?.reason]).toEqual([status, reason])
  })
})

function changed(request: Request, headers: Record<string, string | undefined>): Request {
  const copy = new Request(request)
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) copy.headers.delete(name)
    else copy.headers.set(name, value)
  }
  return copy
}

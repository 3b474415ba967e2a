import { describe, expect, it } from 'vitest'
import type { IntrospectionSettings } from '../../src/index.ts'
import { introspectTokens } from '../../src/online/introspection.ts'

const issuer = 'https://as.company.com'
const endpoint = `${issuer}/introspect`
const exchange = { now: 1_800_000_000, limits: { timeoutMs: 1000, maxBytes: 10_000 } }

function tokensOf(settings: Partial<IntrospectionSettings> = {}, usualEndpoint: string | undefined = endpoint) {
  const credentials = { clientId: 'mcp', clientSecret: 'secret', ...settings } as IntrospectionSettings
  return introspectTokens(credentials, { issuer, usualEndpoint, allowInsecureHttp: false })
}

const answering =
  (body: unknown, status = 200) =>
  async () =>
    new Response(JSON.stringify(body), { status })

describe('the tokens that an issuer is asked about', () => {
  const complete = { sub: 's', aud: 'a' }
  it.each([
    [undefined, complete, false],
    [undefined, { sub: 's' }, true],
    [undefined, { aud: 'a' }, true],
    ['lightweight', complete, false],
    ['lightweight', {}, true],
    ['opaque', {}, false],
    ['opaque', complete, false],
    ['all', complete, true],
    ['all', {}, true],
  ] as const)('with the setting %s, a signed one with %j: %s', (tokens, claims, isAsked) => {
    expect(tokensOf(tokens === undefined ? {} : { tokens }).completes(claims)).toBe(isAsked)
  })

  it.each(['opaque', 'a.b', 'a~b+c/d-e_f==', 'A0'])('are opaque when they read %j (RFC 6750 section 2.1)', (token) => {
    expect(tokensOf().takesOpaque(token)).toBe(true)
  })

  it.each(['', '=', 'a b', ' a', 'a\n', 'a=b', 'é', 'a,b'])('are nothing that reads %j', (token) => {
    expect(tokensOf().takesOpaque(token)).toBe(false)
  })
})

describe('an answer about a token', () => {
  it.each([0, 10, 300])('may be used for %d seconds', (cacheSeconds) => {
    expect(tokensOf({ cacheSeconds }).cacheSeconds).toBe(cacheSeconds)
  })

  it.each([-1, 301, Number.NaN])('may not be used for %d seconds', (cacheSeconds) => {
    expect(() => tokensOf({ cacheSeconds })).toThrow('cacheSeconds must be 0 to 300')
  })

  it('is used for 10 seconds unless that is set', () => {
    expect(tokensOf().cacheSeconds).toBe(10)
  })

  it('comes without "active", and with the issuer who gave it', async () => {
    const fetchFrom = answering({ active: true, sub: 's' })
    expect(await tokensOf().ask('t', { ...exchange, fetch: fetchFrom })).toEqual({ sub: 's', iss: issuer })
  })

  it.each([
    [201, { active: true }],
    [404, { active: true }],
    [200, [true]],
    [200, 'true'],
  ])('of status %d and %j is none', async (status, body) => {
    const asking = tokensOf().ask('t', { ...exchange, fetch: answering(body, status) })
    await expect(asking).rejects.toMatchObject({ name: 'IntrospectionUnavailableError', retryAfterSeconds: 2 })
  })

  it('is asked for by POST, with the credentials of the client and what the token is', async () => {
    const seen: Request[] = []
    await tokensOf().ask('a token', {
      ...exchange,
      fetch: async (address, init) => {
        seen.push(new Request(address, init))
        return new Response('{"active":true}')
      },
    })
    const [request] = seen
    expect([request?.method, request?.url]).toEqual(['POST', endpoint])
    expect(request?.headers.get('authorization')).toBe(`Basic ${Buffer.from('mcp:secret').toString('base64')}`)
    expect(await request?.text()).toBe('token=a+token&token_type_hint=access_token')
  })

  it('says what went wrong, for the log', async () => {
    const fetchFrom = async () => Promise.reject(new Error('no route'))
    await expect(tokensOf().ask('t', { ...exchange, fetch: fetchFrom })).rejects.toThrow(
      'https://as.company.com cannot be asked about a token: no route',
    )
  })
})

describe('the introspection endpoint', () => {
  it('is https where it is set', () => {
    expect(() => tokensOf({ endpoint: 'http://as.company.com/introspect' })).toThrow('must be an https address')
  })

  it('is named by the metadata where it is not set, which is asked once', async () => {
    const addresses: string[] = []
    const credentials = { clientId: 'mcp', clientSecret: 'secret' } as IntrospectionSettings
    const target = { issuer, usualEndpoint: undefined, allowInsecureHttp: false }
    const tokens = introspectTokens(credentials, target)
    const fetchFrom = async (address: string | URL | Request) => {
      addresses.push(String(address))
      return String(address).includes('.well-known')
        ? new Response(JSON.stringify({ issuer, introspection_endpoint: `${issuer}/named` }))
        : new Response('{"active":true}')
    }
    await tokens.ask('one', { ...exchange, fetch: fetchFrom })
    await tokens.ask('two', { ...exchange, fetch: fetchFrom })
    expect(addresses).toEqual([
      `${issuer}/.well-known/oauth-authorization-server`,
      `${issuer}/named`,
      `${issuer}/named`,
    ])
  })

  it('that the metadata names by http is not asked', async () => {
    const tokens = introspectTokens({ clientId: 'mcp', clientSecret: 'secret' } as IntrospectionSettings, {
      issuer,
      usualEndpoint: undefined,
      allowInsecureHttp: false,
    })
    const metadata = answering({ issuer, introspection_endpoint: 'http://as.company.com/introspect' })
    await expect(tokens.ask('t', { ...exchange, fetch: metadata })).rejects.toThrow('must be an https address')
  })
})

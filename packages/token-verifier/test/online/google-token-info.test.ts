import { frozenNow, googleTokenInfo, known } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { askTokenInfo } from '../../src/online/google-token-info.ts'

const token = 'ya29.token'
const tokenInfoUri = new URL('https://oauth2.googleapis.com/tokeninfo')
const userInfoUri = new URL('https://openidconnect.googleapis.com/v1/userinfo')
const info = googleTokenInfo(frozenNow + 600)

type Answer = readonly [status: number, body?: unknown]

/** What is found out about the token when Google answers so. */
async function ask(tokenInfo: Answer, userInfo?: Answer) {
  const requests: Request[] = []
  const claims = await askTokenInfo(
    token,
    { issuer: 'https://accounts.google.com', tokenInfoUri, userInfoUri: userInfo && userInfoUri },
    {
      now: frozenNow + 0.5,
      limits: { timeoutMs: 1000, maxBytes: 10_000 },
      fetch: async (address, init) => {
        const request = new Request(address, init)
        requests.push(request)
        const [status, body] = (request.url === String(userInfoUri) ? userInfo : tokenInfo) ?? [500]
        return new Response(body === undefined ? '' : JSON.stringify(body), { status })
      },
    },
  )
  return { claims, requests }
}

describe('what tokeninfo says', () => {
  it('becomes claims of the issuer: its end is a number, and it began an hour before that at the earliest', async () => {
    const { claims } = await ask([200, { ...info, exp: String(frozenNow + 600), expires_in: '600' }])
    expect(claims).toMatchObject({ exp: frozenNow + 600, iat: frozenNow + 600 - 3600, email: known.email })
    expect(claims).not.toHaveProperty('hd')
    expect(claims).not.toHaveProperty('expires_in')
    expect(claims.iss).toBe('https://accounts.google.com')
  })

  it('of a token that lives longer than an hour begins now', async () => {
    expect((await ask([200, { ...info, exp: frozenNow + 7200 }])).claims.iat).toBe(frozenNow)
  })

  it.each(['soon', '1e9', ' 1', '1 ', '1234567890123', '', null])('has no end when that reads %j', async (exp) => {
    const { claims } = await ask([200, { ...info, exp }])
    expect(claims.exp).toBeUndefined()
    expect(claims.iat).toBeUndefined()
  })

  it.each([
    ['true', known.email],
    [true, known.email],
    ['false', undefined],
    [false, undefined],
    [undefined, undefined],
  ])('gives the address when email_verified is %j: %j', async (verified, email) => {
    expect((await ask([200, { ...info, email_verified: verified }])).claims.email).toBe(email)
  })

  it.each([400, 401])('with status %d is that the token is not active', async (status) => {
    await expect(ask([status, {}])).rejects.toMatchObject({ reason: 'inactive' })
  })

  it.each([
    [403, {}],
    [500, info],
    [204, undefined],
    [200, ['list']],
  ])('with status %d and %j is no answer', async (status, body) => {
    await expect(ask([status, status === 204 ? undefined : body])).rejects.toMatchObject({
      name: 'IntrospectionUnavailableError',
    })
  })

  it('is asked for in a body, never in an address', async () => {
    const { requests } = await ask([200, info])
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([`POST ${tokenInfoUri}`])
    expect(await requests[0]?.text()).toBe(`access_token=${token}`)
  })
})

describe('the hosted domain', () => {
  const person = { sub: info.sub, hd: 'company.com' }

  it('is asked of userinfo with the token, when tokeninfo does not say', async () => {
    const { claims, requests } = await ask([200, info], [200, person])
    expect(claims.hd).toBe('company.com')
    expect(requests[1]?.headers.get('authorization')).toBe(`Bearer ${token}`)
  })

  it('is that of tokeninfo, when it says', async () => {
    const { claims, requests } = await ask([200, { ...info, hd: 'first.example' }], [200, person])
    expect(claims.hd).toBe('first.example')
    expect(requests).toHaveLength(1)
  })

  it.each([
    ['userinfo speaks of another person', [200, { ...person, sub: 'other' }]],
    ['userinfo refuses', [403, person]],
    ['userinfo says nothing of it', [200, { sub: info.sub }]],
  ] as const)('is unknown when %s', async (_why, answer) => {
    expect((await ask([200, info], answer)).claims).not.toHaveProperty('hd')
  })

  it.each([500, 503])('cannot be told while userinfo answers %d', async (status) => {
    await expect(ask([200, info], [status])).rejects.toMatchObject({ name: 'IntrospectionUnavailableError' })
  })
})

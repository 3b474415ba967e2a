import {
  createFrozenClock,
  dialects,
  frozenNow,
  googleTokenInfo,
  known,
  mintAccessToken,
  serveIntrospection,
  serveKeySet,
  serveTokenInfo,
  type TokenDescription,
} from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  createAccessTokenVerifier,
  type GoogleSettings,
  google,
  type IntrospectionSettings,
  IntrospectionUnavailableError,
  keycloak,
} from '../../src/index.ts'
import { outcomeOf } from './verifier-under-test.ts'

const resource = 'https://mcp.company.com/mcp'
const opaque = 'ya29.A0AfH6SMB-example_token'

async function makeGoogle(
  settings: Partial<GoogleSettings> = {},
  description: TokenDescription = googleTokenInfo(frozenNow + 3599),
) {
  const endpoint = await serveTokenInfo({ [opaque]: description })
  const clock = createFrozenClock()
  const issuer = google({
    audience: known.googleClient,
    tokenInfoUri: endpoint.url,
    dangerouslyAllowInsecureHttp: true,
    ...settings,
  })
  const verifier = createAccessTokenVerifier({ resource, issuers: [issuer], clock, onWarning: () => undefined })
  onTestFinished(async () => {
    verifier.close()
    await endpoint.close()
  })
  return { verifier, endpoint, clock }
}

describe('an opaque token of Google', () => {
  it('is accepted as tokeninfo describes it', async () => {
    const { verifier } = await makeGoogle()
    expect(await verifier.verify(opaque)).toMatchObject({
      issuer: 'https://accounts.google.com',
      subject: '110169484474386276334',
      clientId: known.googleClient,
      audiences: [known.googleClient],
      expiresAt: frozenNow + 3599,
      caller: { kind: 'person', email: known.email, groups: undefined },
    })
  })

  it('is asked about once within the bound of the cache', async () => {
    const { verifier, endpoint, clock } = await makeGoogle({ cacheSeconds: 30 })
    for (const seconds of [0, 10, 19]) {
      clock.advance(seconds)
      expect(await outcomeOf(verifier.verify(opaque))).toBe('accepted')
    }
    expect(endpoint.requests).toBe(1)
    clock.advance(2)
    await verifier.verify(opaque)
    expect(endpoint.requests).toBe(2)
  })

  it('is refused when the cache has run out and Google no longer knows it', async () => {
    const { verifier, endpoint, clock } = await makeGoogle({ cacheSeconds: 30 })
    await verifier.verify(opaque)
    endpoint.revoke(opaque)
    clock.advance(31)
    expect(await outcomeOf(verifier.verify(opaque))).toBe('inactive')
  })

  it('is refused when it expires, within the bound of the cache', async () => {
    const { verifier, clock } = await makeGoogle({ cacheSeconds: 300 }, googleTokenInfo(frozenNow + 60))
    await verifier.verify(opaque)
    clock.advance(66)
    expect(await outcomeOf(verifier.verify(opaque))).toBe('expired')
  })

  it.each([
    [
      'of a foreign client',
      { aud: 'other.apps.googleusercontent.com', azp: 'other.apps.googleusercontent.com' },
      'audience_mismatch',
    ],
    ['without audience', { aud: undefined }, 'audience_missing'],
    ['that has expired', { exp: String(frozenNow - 10) }, 'expired'],
    ['without exp', { exp: undefined }, 'claim_missing'],
    ['with an exp that is no number', { exp: 'soon' }, 'claim_missing'],
    ['without sub', { sub: undefined }, 'claim_missing'],
    ['with a sub that is a number', { sub: 7 }, 'claim_invalid'],
  ] as const)('%s is refused', async (_, changes, reason) => {
    const { verifier } = await makeGoogle({}, googleTokenInfo(frozenNow + 3599, changes))
    expect(await outcomeOf(verifier.verify(opaque))).toBe(reason)
  })

  it('gives an address only when Google has verified it', async () => {
    const { verifier } = await makeGoogle({}, googleTokenInfo(frozenNow + 3599, { email_verified: 'false' }))
    expect((await verifier.verify(opaque)).caller.email).toBeUndefined()
  })

  it('of no Workspace domain is refused where one is asked for, whatever the address says', async () => {
    const userInfo = await serveTokenInfo()
    onTestFinished(() => userInfo.close())
    const { verifier } = await makeGoogle({ hostedDomains: ['company.com'], userInfoUri: userInfo.url })
    expect(await outcomeOf(verifier.verify(opaque))).toBe('domain_not_allowed')
  })

  it('is unavailable, not refused and not accepted, while Google cannot be asked', async () => {
    const { verifier, endpoint } = await makeGoogle()
    endpoint.fail(true)
    await expect(verifier.verify(opaque)).rejects.toBeInstanceOf(IntrospectionUnavailableError)
  })

  it.each(['ya29', 'ya29.', `${opaque} `, `${opaque}\n`, `${opaque}é`, 'a.b.c', 'ya29.a\0b'])(
    'is not one when it reads %j',
    async (token) => {
      const { verifier } = await makeGoogle()
      expect(await outcomeOf(verifier.verify(token))).toMatch(/^(malformed|inactive)$/)
    },
  )
})

describe('a token about which its issuer is asked (RFC 7662)', () => {
  const { issuer, audience } = dialects.keycloak
  const active = {
    active: true,
    iss: issuer,
    sub: known.subject,
    aud: audience,
    azp: known.clientId,
    exp: frozenNow + 300,
    iat: frozenNow,
    jti: 'one',
    typ: 'Bearer',
    scope: known.scope,
  }

  async function make(
    tokens: Readonly<Record<string, TokenDescription>>,
    settings: Partial<IntrospectionSettings> = {},
  ) {
    const endpoint = await serveIntrospection(tokens)
    const keySet = await serveKeySet()
    const clock = createFrozenClock()
    const introspection = {
      clientId: audience,
      clientSecret: 'secret',
      endpoint: endpoint.url,
      ...settings,
    } as IntrospectionSettings
    const profile = keycloak({
      issuer,
      audience,
      jwksUri: keySet.jwksUri,
      introspection,
      dangerouslyAllowInsecureHttp: true,
    })
    const verifier = createAccessTokenVerifier({
      resource: audience,
      issuers: [profile],
      clock,
      onWarning: () => undefined,
    })
    onTestFinished(async () => {
      verifier.close()
      await Promise.all([endpoint.close(), keySet.close()])
    })
    return { verifier, endpoint, clock }
  }

  it('is accepted when it is opaque and active', async () => {
    const { verifier } = await make({ opaque: active })
    expect(await verifier.verify('opaque')).toMatchObject({ subject: known.subject, issuer, audiences: [audience] })
  })

  it('is completed when it is lightweight', async () => {
    const lightweight = mintAccessToken({
      provider: 'keycloak',
      claims: { sub: undefined, aud: undefined, jti: 'one' },
    })
    const { verifier } = await make({ [lightweight]: active })
    expect(await verifier.verify(lightweight)).toMatchObject({ subject: known.subject, audiences: [audience] })
  })

  it('is still verified when it is signed: the issuer is not asked about a forgery', async () => {
    const changes = { claims: { sub: undefined, aud: undefined }, fault: 'flippedSignatureBit' } as const
    const forged = mintAccessToken({ provider: 'keycloak', ...changes })
    const { verifier, endpoint } = await make({ [forged]: active })
    expect(await outcomeOf(verifier.verify(forged))).toBe('signature_invalid')
    expect(endpoint.requests).toBe(0)
  })

  it.each([
    ['says active: false', { active: false }, 'inactive'],
    ['says active in words', { ...active, active: 'true' }, 'inactive'],
    ['says nothing of active', { ...active, active: undefined }, 'inactive'],
    ['names another issuer', { ...active, iss: 'https://other.example' }, 'inactive'],
    ['names another audience', { ...active, aud: 'https://other.example' }, 'audience_mismatch'],
    ['names no audience', { ...active, aud: undefined }, 'audience_missing'],
    ['names no subject', { ...active, sub: undefined }, 'claim_missing'],
    ['calls it a refresh token', { ...active, typ: 'Refresh' }, 'not_an_access_token'],
    ['says that it has expired', { ...active, exp: frozenNow - 10 }, 'expired'],
    ['says that it is bound to a key', { ...active, cnf: { jkt: 'A'.repeat(43) } }, 'bound_token_as_bearer'],
  ] as const)('is refused when the issuer %s', async (_, description, reason) => {
    const { verifier } = await make({ opaque: description })
    expect(await outcomeOf(verifier.verify('opaque'))).toBe(reason)
  })

  it('is refused when the issuer does not know it', async () => {
    const { verifier } = await make({})
    expect(await outcomeOf(verifier.verify('opaque'))).toBe('inactive')
  })

  it('is asked about again once the bound of the cache is reached, and on every call without a cache', async () => {
    const { verifier, endpoint, clock } = await make({ opaque: active }, { cacheSeconds: 5 })
    await verifier.verify('opaque')
    await verifier.verify('opaque')
    expect(endpoint.requests).toBe(1)
    clock.advance(6)
    endpoint.revoke('opaque')
    expect(await outcomeOf(verifier.verify('opaque'))).toBe('inactive')
    const uncached = await make({ opaque: active }, { cacheSeconds: 0 })
    await uncached.verifier.verify('opaque')
    await uncached.verifier.verify('opaque')
    expect(uncached.endpoint.requests).toBe(2)
  })

  it('is asked about once for many calls at the same time, and for each of them without a cache', async () => {
    const callTwice = async (cacheSeconds: number): Promise<number> => {
      const { verifier, endpoint } = await make({ opaque: active }, { cacheSeconds })
      await Promise.all([verifier.verify('opaque'), verifier.verify('opaque')])
      return endpoint.requests
    }
    expect([await callTwice(5), await callTwice(0)]).toEqual([1, 2])
  })

  it('is unavailable while the issuer cannot be asked (fails closed)', async () => {
    const { verifier, endpoint } = await make({ opaque: active })
    endpoint.fail(true)
    await expect(verifier.verify('opaque')).rejects.toBeInstanceOf(IntrospectionUnavailableError)
  })
})

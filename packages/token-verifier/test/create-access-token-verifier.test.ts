import {
  createFrozenClock,
  dialects,
  frozenNow,
  known,
  mintAccessToken,
  serveKeySet,
  serveTokenInfo,
} from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAccessTokenVerifier, entraId, google, type IssuerProfile, keycloak } from '../src/index.ts'
import { parts, validToken, withClaims, withHeader } from './conformance/refused-case.ts'
import { makeVerifier, outcomeOf } from './conformance/verifier-under-test.ts'

const { issuer, audience } = dialects.keycloak

/** A verifier of several issuers, the realm of Keycloak among them. */
async function makeMixed(before: readonly IssuerProfile[], settings = {}) {
  const keySet = await serveKeySet()
  const realm = keycloak({ issuer, audience, jwksUri: keySet.jwksUri, dangerouslyAllowInsecureHttp: true, ...settings })
  const warnings: string[] = []
  const verifier = createAccessTokenVerifier({
    resource: audience,
    issuers: [...before, realm],
    clock: createFrozenClock(),
    onWarning: (warning) => warnings.push(warning),
  })
  onTestFinished(async () => {
    verifier.close()
    await keySet.close()
  })
  return { verifier, keySet, warnings }
}

/** The same header, and a payload that is none. */
function brokenPayload(token: string): string {
  return `${token.split('.')[0]}.e30x.${parts.signature}`
}

describe('while key ids are made up', () => {
  const flood = (verifier: { verify(token: string): Promise<unknown> }) =>
    Promise.all(
      Array.from({ length: 5 }, (_, number) => outcomeOf(verifier.verify(withHeader({ kid: `no ${number}` })))),
    )

  it.each([
    ['alone', []],
    ['beside an issuer of opaque tokens', [google({ audience: known.googleClient })]],
  ] as const)(
    'a token is refused for its key id before its payload is read, from an issuer %s',
    async (_how, before) => {
      const { verifier } = await makeMixed(before)
      await verifier.verify(validToken)
      await flood(verifier)
      expect(await outcomeOf(verifier.verify(brokenPayload(withHeader({ kid: 'no more' }))))).toBe('key_unknown')
      expect(await outcomeOf(verifier.verify(brokenPayload(withHeader({ kid: undefined }))))).toBe('payload_invalid')
      expect(await outcomeOf(verifier.verify(brokenPayload(withHeader({ cty: undefined }))))).toBe('payload_invalid')
      expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
    },
  )
})

describe('the issuer of a token', () => {
  it('that is another tenant of one that is trusted is told so', async () => {
    const tenant = '9a1c2f5e-4d58-4d3a-8f0b-6f1f0a2b3c44'
    const other = '22222222-2222-4333-8444-555555555555'
    const { verifier } = await makeMixed([entraId({ tenants: [tenant], audience })])
    const token = (iss: string) => mintAccessToken({ provider: 'entraIdV2', claims: { iss } })
    const outcome = (iss: string) => outcomeOf(verifier.verify(token(iss)))
    expect(await outcome(`https://login.microsoftonline.com/${other}/v2.0`)).toBe('tenant_not_allowed')
    expect(await outcome('https://other.example')).toBe('issuer_unknown')
  })

  it('of an opaque token is the first that can have given it', async () => {
    const info = await serveTokenInfo()
    onTestFinished(() => info.close())
    const settings = { audience: known.googleClient, tokenInfoUri: info.url, dangerouslyAllowInsecureHttp: true }
    const realm = keycloak({ issuer: 'https://keycloak.company.com/realms/other', audience })
    const { verifier } = await makeMixed([realm, google(settings)])
    expect(await outcomeOf(verifier.verify('opaque'))).toBe('malformed')
    expect(await outcomeOf(verifier.verify(''))).toBe('malformed')
    expect(info.requests).toBe(0)
    expect(await outcomeOf(verifier.verify('ya29.token'))).toBe('inactive')
    expect(info.requests).toBe(1)
  })

  it('is warned of where its keys may come over http, and only there', async () => {
    const { warnings } = await makeMixed([keycloak({ issuer: 'https://keycloak.company.com/realms/other', audience })])
    expect(warnings).toEqual([expect.stringContaining(`keys of ${issuer} may come over http`)])
  })
})

describe('a token that cannot pass is refused before its key is touched', () => {
  const forge = (claims: Readonly<Record<string, unknown>>) =>
    `${withClaims(claims).split('.').slice(0, 2).join('.')}.${parts.signature}`

  it.each([
    ['an hour ago', frozenNow - 3600],
    ['when the tolerance ended', frozenNow - 5],
    ['at the epoch', 0],
  ])('when it expired %s', async (_when, exp) => {
    const { verifier, keySet } = await makeVerifier()
    const refusal = await verifier.verify(forge({ exp })).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ reason: 'expired', token: undefined })
    expect(keySet.keySetFetches).toBe(0)
  })

  it('and not when it may still be good, or says nothing that can be understood', async () => {
    const { verifier } = await makeVerifier()
    for (const exp of [frozenNow - 4, -1, 'soon', undefined])
      expect(await outcomeOf(verifier.verify(forge({ exp })))).toBe('signature_invalid')
  })

  it('when its issuer signs no access tokens', async () => {
    const { verifier, keySet } = await makeMixed([google({ audience: known.googleClient })])
    expect(await outcomeOf(verifier.verify(mintAccessToken({ provider: 'google' })))).toBe('not_an_access_token')
    expect(keySet.keySetFetches).toBe(0)
  })
})

describe('the cache', () => {
  it('gives the same token again, and another one when it is off', async () => {
    const { verifier } = await makeVerifier()
    expect(await verifier.verify(validToken)).toBe(await verifier.verify(validToken))
    const { verifier: uncached } = await makeVerifier({ cache: false })
    expect(await uncached.verify(validToken)).not.toBe(await uncached.verify(validToken))
  })

  it('tells whose token it was that has expired since', async () => {
    const { verifier, clock } = await makeVerifier()
    const { subject } = await verifier.verify(validToken)
    clock.advance(10_000)
    await expect(verifier.verify(validToken)).rejects.toMatchObject({ reason: 'expired' })
    clock.set(frozenNow - 100)
    await expect(verifier.verify(validToken)).rejects.toMatchObject({ reason: 'issued_in_future', token: { subject } })
  })
})

describe('a token that lives too long', () => {
  it('is refused by name, and one that just fits is accepted', async () => {
    const { verifier } = await makeVerifier({ maxTokenLifetimeSeconds: 300 })
    expect(await outcomeOf(verifier.verify(mintAccessToken({ provider: 'keycloak', lifetimeSeconds: 300 })))).toBe(
      'accepted',
    )
    const longer = mintAccessToken({ provider: 'keycloak', lifetimeSeconds: 301 })
    await expect(verifier.verify(longer)).rejects.toMatchObject({
      reason: 'lifetime_too_long',
      token: { subject: known.subject, issuer },
    })
  })
})

describe('revocation', () => {
  it.each([
    ['at once', () => 'disabled'],
    ['later', async () => 'disabled'],
  ])('is told %s, with its reason and whose token it is', async (_when, isRevoked) => {
    const { verifier } = await makeVerifier({ isRevoked })
    await expect(verifier.verify(validToken)).rejects.toMatchObject({
      reason: 'revoked',
      message: 'the token was revoked: disabled',
      token: { subject: known.subject },
    })
  })

  it.each([
    ['at once', () => undefined],
    ['later', async () => undefined],
  ])('is denied %s', async (_when, isRevoked) => {
    const { verifier } = await makeVerifier({ isRevoked })
    await expect(verifier.verify(validToken)).resolves.toMatchObject({ subject: known.subject })
  })

  const failure = new Error('the store is down')
  it.each([
    [
      'at once',
      () => {
        throw failure
      },
    ],
    ['later', async () => Promise.reject(failure)],
  ])('that fails %s lets nobody in, and says why', async (_when, isRevoked) => {
    const { verifier } = await makeVerifier({ isRevoked })
    await expect(verifier.verify(validToken)).rejects.toMatchObject({
      name: 'VerifierUnavailableError',
      message: 'the revocation check failed',
      cause: failure,
    })
  })
})

describe('groups that the token does not name', () => {
  async function makeResolving(answers: readonly unknown[], settings: { cache?: false } = {}) {
    const asked: unknown[] = []
    const keySet = await serveKeySet()
    const clock = createFrozenClock()
    const resolveGroups = async (claims: unknown) => {
      asked.push(claims)
      const answer = answers[Math.min(asked.length, answers.length) - 1]
      if (answer instanceof Error) throw answer
      return answer as readonly string[]
    }
    const jwksUri = keySet.jwksUri
    const verifier = createAccessTokenVerifier({
      resource: audience,
      issuers: [keycloak({ issuer, audience, jwksUri, resolveGroups, dangerouslyAllowInsecureHttp: true })],
      clock,
      onWarning: () => undefined,
      ...settings,
    })
    onTestFinished(async () => {
      verifier.close()
      await keySet.close()
    })
    return { asked, clock, groupsOf: async (token: string) => (await verifier.verify(token)).caller.groups }
  }

  const withoutGroups = mintAccessToken({ provider: 'keycloak', claims: { groups: undefined }, lifetimeSeconds: 3600 })

  it('are asked for, and kept for 300 seconds', async () => {
    const { asked, clock, groupsOf } = await makeResolving([['first'], ['second']])
    expect(await groupsOf(withoutGroups)).toEqual(['first'])
    clock.advance(299)
    expect(await groupsOf(withoutGroups)).toEqual(['first'])
    expect(asked).toHaveLength(1)
    clock.advance(1)
    expect(await groupsOf(withoutGroups)).toEqual(['second'])
  })

  it.each([
    ['nobody knows them', undefined],
    ['asking fails', new Error('down')],
    ['the answer is no list', 'admins'],
    ['the answer holds something else', ['a', 7]],
  ])('stay unknown when %s, and are asked for again after 5 seconds', async (_why, answer) => {
    const { asked, clock, groupsOf } = await makeResolving([answer, ['found']])
    expect(await groupsOf(withoutGroups)).toBeUndefined()
    clock.advance(4)
    expect(await groupsOf(withoutGroups)).toBeUndefined()
    expect(asked).toHaveLength(1)
    clock.advance(1)
    expect(await groupsOf(withoutGroups)).toEqual(['found'])
  })

  it('are not asked for when the token names them, even if it names none', async () => {
    const { asked, groupsOf } = await makeResolving([['other']])
    expect(await groupsOf(mintAccessToken({ provider: 'keycloak', claims: { groups: ['own'] } }))).toEqual(['own'])
    expect(await groupsOf(mintAccessToken({ provider: 'keycloak', claims: { groups: [] } }))).toEqual([])
    expect(asked).toEqual([])
  })

  it('are asked for each time when nothing is remembered', async () => {
    const { asked, groupsOf } = await makeResolving([['a']], { cache: false })
    expect([await groupsOf(withoutGroups), await groupsOf(withoutGroups)]).toEqual([['a'], ['a']])
    expect(asked).toHaveLength(2)
  })
})

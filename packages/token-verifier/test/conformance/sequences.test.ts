import {
  describeAccessToken,
  frozenNow,
  mintAccessToken,
  publicKeySet,
  signToken,
  testKeys,
} from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { validToken, withClaims } from './refused-case.ts'
import { makeVerifier, outcomeOf } from './verifier-under-test.ts'

const caches = [
  ['with its cache', {}],
  ['without a cache', { cache: false }],
] as const

describe.each(caches)('a verifier %s', (_, settings) => {
  it('accepts the same token again', async () => {
    const { verifier, keySet } = await makeVerifier(settings)
    const first = await verifier.verify(validToken)
    expect(await verifier.verify(validToken)).toEqual(first)
    expect(keySet.keySetFetches).toBe(1)
  })

  it('refuses a token it accepted before, once it has expired', async () => {
    const { verifier, clock } = await makeVerifier(settings)
    await verifier.verify(validToken)
    clock.advance(300 + 4)
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
    clock.advance(1)
    expect(await outcomeOf(verifier.verify(validToken))).toBe('expired')
  })

  it('refuses a token it accepted before, when the clock goes back before nbf', async () => {
    const { verifier, clock } = await makeVerifier(settings)
    const token = withClaims({ nbf: frozenNow })
    await verifier.verify(token)
    clock.set(frozenNow - 6)
    expect(await outcomeOf(verifier.verify(token))).toMatch(/^not_yet_valid|issued_in_future$/)
  })

  it('accepts a token that was refused before it was valid, once it is', async () => {
    const { verifier, clock } = await makeVerifier(settings)
    const token = withClaims({ nbf: frozenNow + 60 })
    expect(await outcomeOf(verifier.verify(token))).toBe('not_yet_valid')
    clock.advance(60)
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
  })

  it('refuses a twin of an accepted token with another signature', async () => {
    const { verifier } = await makeVerifier(settings)
    await verifier.verify(validToken)
    const twin = mintAccessToken({ provider: 'keycloak', fault: 'flippedSignatureBit' })
    expect(await outcomeOf(verifier.verify(twin))).toBe('signature_invalid')
  })

  it('refuses another payload under the signature of an accepted token', async () => {
    const { verifier } = await makeVerifier(settings)
    await verifier.verify(validToken)
    expect(await outcomeOf(verifier.verify(mintAccessToken({ provider: 'keycloak', fault: 'changedClaim' })))).toBe(
      'signature_invalid',
    )
  })

  it('refuses other bytes with the same content as an accepted token', async () => {
    const { verifier } = await makeVerifier(settings)
    await verifier.verify(validToken)
    for (const twin of [`${validToken}=`, ` ${validToken}`, `${validToken}\n`]) {
      expect(await outcomeOf(verifier.verify(twin))).toBe('malformed')
    }
  })

  it('accepts a token after the same token with a broken signature was refused', async () => {
    const { verifier } = await makeVerifier(settings)
    const broken = mintAccessToken({ provider: 'keycloak', fault: 'truncatedSignature' })
    expect(await outcomeOf(verifier.verify(broken))).toBe('signature_invalid')
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
  })

  it('keeps tokens with the same jti apart', async () => {
    const { verifier } = await makeVerifier(settings)
    const [alice, bob] = await Promise.all([
      verifier.verify(withClaims({ sub: 'alice' })),
      verifier.verify(withClaims({ sub: 'bob' })),
    ])
    expect([alice.subject, bob.subject]).toEqual(['alice', 'bob'])
  })

  it('never mixes up 200 callers at once', async () => {
    const { verifier } = await makeVerifier(settings)
    const subjects = Array.from({ length: 200 }, (_value, index) => `person-${index}`)
    const tokens = subjects.map((sub) => withClaims({ sub, email: `${sub}@company.com`, jti: sub }))
    const twice = await Promise.all([...tokens, ...tokens].map((token) => verifier.verify(token)))
    expect(twice.map(({ subject }) => subject)).toEqual([...subjects, ...subjects])
    expect(twice.map(({ caller }) => caller.email)).toEqual(
      [...subjects, ...subjects].map((sub) => `${sub}@company.com`),
    )
  })

  it('tells good from bad when they come in turns', async () => {
    const { verifier } = await makeVerifier(settings)
    const bad = mintAccessToken({ provider: 'keycloak', fault: 'foreignKey' })
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_value, index) => outcomeOf(verifier.verify(index % 2 === 0 ? validToken : bad))),
    )
    expect(outcomes).toEqual(
      Array.from({ length: 100 }, (_value, index) => (index % 2 === 0 ? 'accepted' : 'signature_invalid')),
    )
  })

  it('gives out claims that cannot be changed', async () => {
    const { verifier } = await makeVerifier(settings)
    const token = await verifier.verify(validToken)
    const claims = token.claims as { groups: string[] }
    expect(() => claims.groups.push('Administrators')).toThrow(TypeError)
    expect(() => Object.assign(token.caller, { kind: 'service' })).toThrow(TypeError)
    expect(() => Object.assign(token, { subject: 'other' })).toThrow(TypeError)
    expect(() => (token.scopes as string[]).push('admin:reports')).toThrow(TypeError)
    expect((await verifier.verify(validToken)).claims).toEqual(describeAccessToken({ provider: 'keycloak' }).claims)
  })

  it('asks about revocation each time, also for a token it has accepted before', async () => {
    const revoked = new Set<string>()
    const isRevoked = ({ subject }: { subject: string }): string | undefined =>
      revoked.has(subject) ? 'disabled' : undefined
    const { verifier } = await makeVerifier({ ...settings, isRevoked })
    const { subject } = await verifier.verify(validToken)
    revoked.add(subject)
    expect(await outcomeOf(verifier.verify(validToken))).toBe('revoked')
    revoked.clear()
    expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
  })

  it('answers unavailable, not accepted, when nobody can say whether a token was revoked', async () => {
    const { verifier } = await makeVerifier({
      ...settings,
      isRevoked: () => Promise.reject(new Error('no connection')),
    })
    expect(await outcomeOf(verifier.verify(validToken))).toMatch(/VerifierUnavailableError/)
  })

  it('refuses a token of a withdrawn key once the key set was fetched again', async () => {
    const { verifier, keySet } = await makeVerifier(settings)
    await verifier.verify(validToken)
    keySet.publish(publicKeySet(testKeys.rsaNext))
    await verifier.verify(mintAccessToken({ provider: 'keycloak', key: testKeys.rsaNext }))
    expect(await outcomeOf(verifier.verify(validToken))).toBe('key_unknown')
  })

  it('does not take one key for another that has its kid', async () => {
    const { verifier, keySet } = await makeVerifier(settings)
    await verifier.verify(validToken)
    keySet.publish({
      keys: [
        { ...testKeys.rsaNext.publicJwk, kid: testKeys.rsa.kid },
        testKeys.p256.publicJwk,
        testKeys.p256Next.publicJwk,
      ],
    })
    await verifier.verify(mintAccessToken({ provider: 'keycloak', key: testKeys.p256Next }))
    expect(await outcomeOf(verifier.verify(validToken))).toBe('signature_invalid')
  })
})

it('remembers no more tokens than it was told to', async () => {
  const { verifier } = await makeVerifier({ cache: { maxEntries: 2 } })
  const { header, claims, key, algorithm, now } = describeAccessToken({ provider: 'keycloak' })
  for (let index = 0; index < 10; index += 1) {
    const token = signToken({ header, claims: { ...claims, jti: `token-${index}` }, key, algorithm, now })
    expect((await verifier.verify(token)).tokenId).toBe(`token-${index}`)
  }
  expect(await outcomeOf(verifier.verify(validToken))).toBe('accepted')
})

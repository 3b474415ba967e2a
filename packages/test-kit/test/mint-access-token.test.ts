import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  dialects,
  frozenNow,
  mintAccessToken,
  type ProviderDialect,
  publicKeySet,
  type TokenFaultName,
  testKeys,
  tokenFaults,
} from '../src/index.ts'

const providers = Object.keys(dialects) as ProviderDialect[]
const signingKeys = [testKeys.rsa, testKeys.rsaPss, testKeys.p256, testKeys.p384, testKeys.ed25519]
const keySet = createLocalJWKSet(publicKeySet(...signingKeys))
const currentDate = new Date(frozenNow * 1000)

describe.each(providers)('an access token of %s', (provider) => {
  it.each(signingKeys.map((key) => [key.algorithm, key] as const))(
    'verifies with its %s key',
    async (algorithm, key) => {
      const token = mintAccessToken({ provider, key })
      const { issuer, audience } = dialects[provider]
      const verified = await jwtVerify(token, keySet, { issuer, audience, currentDate })
      expect(verified.protectedHeader).toMatchObject({ alg: algorithm, kid: key.kid })
    },
  )

  it.each(['person', 'service', 'agent'] as const)('is about a %s', (caller) => {
    expect(decodeJwt(mintAccessToken({ provider, caller })).sub).toEqual(expect.any(String))
  })

  it('is the same bytes each time', () => {
    expect(mintAccessToken({ provider })).toBe(mintAccessToken({ provider }))
  })

  it('lives as long as the provider lets it, or as asked', () => {
    const lifetime = (claims: { exp?: number; iat?: number }): number => (claims.exp ?? 0) - (claims.iat ?? 0)
    expect(lifetime(decodeJwt(mintAccessToken({ provider })))).toBe(dialects[provider].lifetimeSeconds)
    expect(lifetime(decodeJwt(mintAccessToken({ provider, lifetimeSeconds: 7 })))).toBe(7)
  })

  it.each(Object.keys(tokenFaults) as TokenFaultName[])('is changed by the fault %s', (fault) => {
    expect(mintAccessToken({ provider, fault })).not.toBe(mintAccessToken({ provider }))
  })
})

describe('mintAccessToken', () => {
  it('puts header members and claims over its own, and takes out what is undefined', () => {
    const token = mintAccessToken({
      provider: 'keycloak',
      header: { typ: 'at+jwt', kid: undefined },
      claims: { sub: 'someone', aud: undefined },
    })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'at+jwt' })
    expect(decodeJwt(token)).toMatchObject({ sub: 'someone' })
    expect(decodeJwt(token)).not.toHaveProperty('aud')
  })

  it('takes issuer, audience and time from its caller', () => {
    const token = mintAccessToken({ provider: 'auth0', issuer: 'http://127.0.0.1:1/', audience: 'urn:api', now: 1000 })
    expect(decodeJwt(token)).toMatchObject({
      iss: 'http://127.0.0.1:1/',
      aud: ['urn:api', 'http://127.0.0.1:1/userinfo'],
      iat: 1000,
    })
  })

  it('signs a fault that is about claims with the right key', async () => {
    const token = mintAccessToken({ provider: 'keycloak', fault: 'otherAudience' })
    await expect(jwtVerify(token, keySet, { currentDate })).resolves.toBeDefined()
  })

  it.each(['foreignKey', 'changedClaim', 'flippedSignatureBit', 'truncatedSignature'] as const)(
    'breaks the signature by the fault %s',
    async (fault) => {
      const token = mintAccessToken({ provider: 'keycloak', fault })
      await expect(jwtVerify(token, keySet, { currentDate })).rejects.toMatchObject({
        code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
      })
    },
  )
})

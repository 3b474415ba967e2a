import { createFrozenClock, dialects, frozenNow, mintAccessToken, serveKeySet, testKeys } from '@mcp-identity/test-kit'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createAccessTokenVerifier, keycloak, TokenError, type VerifiedAccessToken } from '../../../src/index.ts'
import { valid, validToken, withHeader, withRawPayload } from '../refused-case.ts'
import { runs } from './runs.ts'

const { issuer, audience } = dialects.keycloak
const keySet = await serveKeySet()
const verifier = createAccessTokenVerifier({
  resource: audience,
  issuers: [keycloak({ issuer, audience, jwksUri: keySet.jwksUri, dangerouslyAllowInsecureHttp: true })],
  clock: createFrozenClock(),
  onWarning: () => undefined,
})

afterAll(async () => {
  verifier.close()
  await keySet.close()
})

/** Signs with Ed25519, which is by far the quickest. */
function withClaims(claims: Readonly<Record<string, unknown>>): string {
  return mintAccessToken({ provider: 'keycloak', key: testKeys.ed25519, claims })
}

/** The token, or `undefined` when it was refused as it should be; any other failure fails the test. */
async function verify(token: string): Promise<VerifiedAccessToken | undefined> {
  try {
    return await verifier.verify(token)
  } catch (error) {
    if (error instanceof TokenError) return undefined
    throw error
  }
}

const times = fc.oneof(
  fc.integer({ min: frozenNow - 10, max: frozenNow + 10 }),
  fc.integer({ min: frozenNow - 100_000, max: frozenNow + 200_000 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -1, 1, frozenNow * 1000, 253_402_300_800),
)
const texts = fc.oneof(
  fc.constantFrom(issuer, audience, 'Bearer', 'ID', '', `${issuer}/`, `${audience}/`),
  fc.string({ unit: 'grapheme' }),
)
const anything = fc.oneof(times, texts, fc.array(texts, { maxLength: 3 }), fc.jsonValue(), fc.constant(undefined))

const claimNames = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'azp',
  'typ',
  'scope',
  'sid',
  'cnf',
  'act',
  'groups',
  'client_id',
  'resource_access',
  'email',
  'events',
  'htm',
  'nonce',
] as const

const changes = fc.uniqueArray(fc.tuple(fc.constantFrom(...claimNames), anything), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 4,
})

describe('a token with any claims', () => {
  it('is accepted only if it keeps every rule, and never fails in another way than by a TokenError', async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (entries) => {
        const token = await verify(withClaims(Object.fromEntries(entries)))
        if (token === undefined) return
        const { iss, aud, exp, iat, nbf, typ, sub, azp, jti, cnf, events, htm } = token.claims
        expect(iss).toBe(issuer)
        expect([aud].flat()).toContain(audience)
        expect(typ).toMatch(/^(Bearer|DPoP)$/)
        expect([sub, azp, jti].every((text) => typeof text === 'string' && text !== '')).toBe(true)
        expect([cnf, events, htm]).toEqual([undefined, undefined, undefined])
        expect(Number(exp)).toBeGreaterThan(frozenNow - 5)
        expect(Number(iat)).toBeLessThanOrEqual(frozenNow + 5)
        expect(Number(nbf ?? 0)).toBeLessThanOrEqual(frozenNow + 5)
        expect(Number(exp) - Number(iat)).toBeGreaterThan(0)
        expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(86_400)
      }),
      runs(1500),
    )
  })

  it('reads times that are right the same way, whatever else it holds', async () => {
    const extra = fc.dictionary(fc.string({ minLength: 12, maxLength: 20 }), fc.jsonValue({ maxDepth: 3 }))
    await fc.assert(
      fc.asyncProperty(extra, fc.integer({ min: 1, max: 86_400 }), async (members, lifetime) => {
        const token = await verify(withClaims({ ...members, exp: frozenNow + lifetime }))
        if (token !== undefined) expect(token.expiresAt).toBe(frozenNow + lifetime)
      }),
      runs(500),
    )
  })
})

describe('a valid token', () => {
  it('is refused once any one character was changed, taken out or put in', async () => {
    const edit = fc.tuple(
      fc.nat(validToken.length - 1),
      fc.nat(1),
      fc.oneof(
        fc.constant(''),
        fc.string({ unit: 'binary', maxLength: 2 }),
        fc.constantFrom('A', '-', '_', '.', '=', '0'),
      ),
    )
    await fc.assert(
      fc.asyncProperty(edit, async ([at, cut, put]) => {
        const token = validToken.slice(0, at) + put + validToken.slice(at + cut)
        fc.pre(token !== validToken)
        expect(await verify(token)).toBeUndefined()
      }),
      runs(1500),
    )
  })

  it('is refused once any one bit of its payload was changed, whatever it was signed with before', async () => {
    const payload = Buffer.from(JSON.stringify(valid.claims))
    const [header, , signature] = validToken.split('.')
    await fc.assert(
      fc.asyncProperty(fc.nat(payload.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(payload)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(await verify(`${header}.${changed.toString('base64url')}.${signature}`)).toBeUndefined()
      }),
      runs(700),
    )
  })
})

describe('any header and any payload', () => {
  it('never fail in another way than by a TokenError', async () => {
    const headers = fc.dictionary(
      fc.constantFrom('alg', 'kid', 'typ', 'crit', 'b64', 'jwk', 'jku', 'x5c', 'zip', 'enc', 'cty', 'nonce'),
      fc.jsonValue(),
    )
    await fc.assert(
      fc.asyncProperty(headers, fc.jsonValue(), async (header, payload) => {
        await verify(withHeader(header))
        expect(await verify(withRawPayload(JSON.stringify(payload)))).toBeUndefined()
      }),
      runs(700),
    )
  })

  it('never fail in another way than by a TokenError when they are any text at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('.', 'e', 'y', '0', '-', '=') })),
        async (text) => {
          expect(await verify(text)).toBeUndefined()
        },
      ),
      runs(1500),
    )
  })
})

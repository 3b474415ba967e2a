import { sign as signBytes } from 'node:crypto'
import { publicKeySet, type TestKey, testKeys } from '@mcp-identity/test-kit'
import { createLocalJWKSet, type JWTVerifyGetKey, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { RefusedSignalError, SignalDeferredError } from '../../src/receivers/refused-signal.ts'
import { createReplayMemory } from '../../src/receivers/replay-memory.ts'
import { type SignalAlgorithm, signalAlgorithms } from '../../src/receivers/transmitter.ts'
import { createMessageVerifier, type MessageRules } from '../../src/receivers/verify-signed-message.ts'

const issuer = 'https://idp.company.com'
const audience = 'https://mcp.company.com/mcp'
const now = 1_795_452_957
const rules: MessageRules = { type: 'secevent+jwt', maxAgeSeconds: 3_600 }
const claims = { iss: issuer, aud: audience, iat: now, jti: 'set-1' }
const allKeys = createLocalJWKSet(
  publicKeySet(testKeys.rsa, testKeys.rsaPss, testKeys.p256, testKeys.p384, testKeys.ed25519) as never,
)

const sign = (key: TestKey, header: object = {}, changes: object = {}): Promise<string> =>
  new SignJWT({ ...claims, ...changes })
    .setProtectedHeader({ alg: key.algorithm, typ: 'secevent+jwt', kid: key.kid, ...header })
    .sign(key.privateKey)

interface Trust {
  keys?: JWTVerifyGetKey
  algorithms?: readonly SignalAlgorithm[]
  rules?: Partial<MessageRules>
}

async function verify(compact: string, { keys = allKeys, algorithms = signalAlgorithms, rules: more }: Trust = {}) {
  const clock = () => now
  const verifier = createMessageVerifier({
    transmitters: [{ issuer, audience, keys, algorithms }],
    replays: createReplayMemory({ clock, maxEntries: 10 }),
    clock,
    clockToleranceSeconds: 5,
  })
  return verifier.verify(compact, { ...rules, ...more })
}

async function refusalOf(compact: string, trust?: Trust): Promise<string> {
  const error = await verify(compact, trust).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (error instanceof RefusedSignalError) return `${error.code}: ${error.message}`
  throw new Error(`expected a refusal, found ${error}`)
}

const badKey = 'invalid_key: the key or the signature is not acceptable'

describe('a signature', () => {
  const { rsa, rsaPss, p256, p384, ed25519 } = testKeys

  it.each([rsa, rsaPss, p256, p384, ed25519])('of $algorithm is taken', async (key) => {
    expect((await verify(await sign(key))).claims.jti).toBe('set-1')
  })

  it('of Ed25519 is taken by the name of RFC 9864', async () => {
    const keys = async () => ed25519.publicKey
    expect((await verify(await sign(ed25519, { alg: 'Ed25519' }), { keys })).claims.jti).toBe('set-1')
  })

  it.each([rsa, rsaPss, p256, p384, ed25519])('of $algorithm is refused when one bit differs', async (key) => {
    const [header, payload, signature = ''] = (await sign(key)).split('.')
    const bytes = Buffer.from(signature, 'base64url')
    bytes[9] = (bytes[9] ?? 0) ^ 1
    expect(await refusalOf(`${header}.${payload}.${bytes.toString('base64url')}`)).toBe(badKey)
  })

  it.each([rsa, rsaPss, p256, p384, ed25519])('of $algorithm is refused when it is cut short', async (key) => {
    const [header, payload, signature = ''] = (await sign(key)).split('.')
    const bytes = Buffer.from(signature, 'base64url').subarray(0, -1)
    expect(await refusalOf(`${header}.${payload}.${bytes.toString('base64url')}`)).toBe(badKey)
  })

  it('of ECDSA is refused in DER', async () => {
    const [header, payload] = (await sign(p256)).split('.')
    const der = signBytes('sha256', Buffer.from(`${header}.${payload}`), p256.privateKey)
    expect(await refusalOf(`${header}.${payload}.${der.toString('base64url')}`)).toBe(badKey)
  })

  it('over other claims is refused', async () => {
    const [header, , signature] = (await sign(rsa)).split('.')
    const other = Buffer.from(JSON.stringify({ ...claims, jti: 'set-2' })).toString('base64url')
    expect(await refusalOf(`${header}.${other}.${signature}`)).toBe(badKey)
  })

  it('by an algorithm that the transmitter may not use is refused', async () => {
    expect(await refusalOf(await sign(rsaPss), { algorithms: ['RS256'] })).toBe(badKey)
  })

  it.each(['none', 'HS256', 'RS1', 'RSA-OAEP', 'constructor'])('by the algorithm %s is refused', async (alg) => {
    const [, payload, signature] = (await sign(rsa)).split('.')
    const header = Buffer.from(JSON.stringify({ alg, typ: 'secevent+jwt', kid: rsa.kid })).toString('base64url')
    expect(await refusalOf(`${header}.${payload}.${signature}`)).toBe(badKey)
  })
})

describe('a key', () => {
  const { rsa, p256, p384, ed25519, weakRsa } = testKeys

  it.each([
    ['of another kind', rsa, p256],
    ['of another curve', p256, p384],
    ['of another curve', p384, p256],
    ['of another kind', ed25519, p256],
    ['of RSA with 1,024 bits', weakRsa, weakRsa],
  ])('%s is refused', async (_title, signer, given) => {
    // jose signs with no key as short as that.
    const compact = signer === weakRsa ? signBySelf(signer) : await sign(signer)
    expect(await refusalOf(compact, { keys: async () => given.publicKey })).toBe(badKey)
  })

  it('that is private or a secret is refused', async () => {
    expect(await refusalOf(await sign(rsa), { keys: async () => rsa.privateKey })).toBe(badKey)
    expect(await refusalOf(await sign(rsa), { keys: async () => new Uint8Array(32) })).toBe(badKey)
  })

  it('is taken as a JWK and as a key object', async () => {
    const compact = await sign(rsa)
    expect((await verify(compact, { keys: async () => rsa.publicJwk as never })).claims.jti).toBe('set-1')
    expect((await verify(compact, { keys: async () => rsa.publicKey })).claims.jti).toBe('set-1')
  })

  it('that no set has is refused', async () => {
    const keys = createLocalJWKSet(publicKeySet(testKeys.rsaNext) as never)
    expect(await refusalOf(await sign(rsa), { keys })).toBe(badKey)
  })

  it('that cannot be had lets the signal come again', async () => {
    const keys = () => Promise.reject(new Error('connection refused'))
    await expect(verify(await sign(rsa), { keys })).rejects.toThrow(SignalDeferredError)
  })

  function signBySelf(key: TestKey): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${part({ alg: key.algorithm, typ: 'secevent+jwt', kid: key.kid })}.${part(claims)}`
    return `${signed}.${signBytes('sha256', Buffer.from(signed), key.privateKey).toString('base64url')}`
  }
})

describe('claims', () => {
  const { rsa } = testKeys
  const withClaims = (changes: object, more?: Partial<MessageRules>) =>
    sign(rsa, {}, changes).then((compact) => verify(compact, { ...(more && { rules: more }) }))
  const refusalWith = async (changes: object, more?: Partial<MessageRules>) =>
    refusalOf(await sign(rsa, {}, changes), { ...(more && { rules: more }) })

  it.each(['secevent+jwt', 'application/secevent+jwt', 'Application/SecEvent+JWT'])(
    'with the type %s are taken',
    async (typ) => {
      expect((await verify(await sign(rsa, { typ }))).claims.jti).toBe('set-1')
    },
  )

  it.each([undefined, 'JWT', 'logout+jwt', 'secevent+jwt; v=1', 7])('with the type %s are refused', async (typ) => {
    expect(await refusalOf(await sign(rsa, { typ }))).toBe('invalid_request: "typ" is missing or not acceptable')
  })

  it.each([[audience], [['https://other.example', audience]]])('for %j are taken', async (aud) => {
    expect((await withClaims({ aud })).claims.aud).toEqual(aud)
  })

  it.each([[[]], [['https://other.example']], [`${audience}/`], [{ [audience]: true }], [7]])(
    'for %j are refused',
    async (aud) => {
      expect(await refusalWith({ aud })).toBe('invalid_audience: "aud" is missing or not acceptable')
    },
  )

  it.each([
    ['aud', 'invalid_request'],
    ['iat', 'invalid_request'],
    ['jti', 'invalid_request'],
    ['events', 'invalid_request'],
  ])('without %s are refused', async (name, code) => {
    const answer = await refusalWith({ events: {}, [name]: undefined }, { requiredClaims: ['events'] })
    expect(answer).toBe(`${code}: "${name}" is missing or not acceptable`)
  })

  it.each([
    ['exp', now - 4],
    ['nbf', now + 5],
    ['iat', now + 5],
    ['iat', now - 3_605],
  ])('with %s %d are taken', async (name, at) => {
    expect((await withClaims({ [name]: at })).claims[name]).toBe(at)
  })

  it.each([
    ['exp', now - 5, '"exp" has passed'],
    ['exp', '9999999999', '"exp" is missing or not acceptable'],
    ['nbf', now + 6, '"nbf" is missing or not acceptable'],
    ['nbf', 'soon', '"nbf" is missing or not acceptable'],
    ['iat', now + 6, '"iat" is in the future'],
    ['iat', now - 3_606, '"iat" is too long ago'],
    ['iat', 'now', '"iat" is missing or not acceptable'],
  ])('with %s %s are refused', async (name, at, said) => {
    expect(await refusalWith({ [name]: at })).toBe(`invalid_request: ${said}`)
  })

  it.each([7, ''])('with the jti %j are refused', async (jti) => {
    expect(await refusalWith({ jti })).toBe('invalid_request: "jti" must be a text')
  })

  it.each([7, undefined, [issuer]])('of the issuer %j are refused', async (iss) => {
    expect(await refusalWith({ iss })).toBe('invalid_request: expected a signed message with an issuer')
  })

  it('that are no object are refused', async () => {
    const [header, , signature] = (await sign(rsa)).split('.')
    for (const text of ['[]', '"text"', 'null', 'no JSON'])
      expect(await refusalOf(`${header}.${Buffer.from(text).toString('base64url')}.${signature}`)).toBe(
        'invalid_request: header and claims must be JSON objects',
      )
  })
})

import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { testKeys } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { supportedAlgorithms } from '../src/algorithms.ts'
import { toDerSignature } from '../src/der-signature.ts'
import { isSignatureRight } from '../src/signature.ts'
import { readVerificationKey } from '../src/verification-key.ts'
import { isSmallOrderPoint, isWeakRsaModulus } from '../src/weak-keys.ts'

const message = Buffer.from('what was signed')
const { rsa, rsaPss, p256, p384, ed25519 } = testKeys

function algorithmOf(jwk: object, allowed: Parameters<typeof readVerificationKey>[1] = supportedAlgorithms) {
  return readVerificationKey(jwk, allowed)?.algorithm.name
}

describe('a key is for one algorithm', () => {
  const { alg: _alg, ...unnamed } = rsa.publicJwk

  it('the one that it names', () => {
    expect([rsa, rsaPss, p256, p384, ed25519].map(({ publicJwk }) => algorithmOf(publicJwk))).toEqual([
      'RS256',
      'PS256',
      'ES256',
      'ES384',
      'EdDSA',
    ])
    expect(algorithmOf({ ...ed25519.publicJwk, alg: 'Ed25519' })).toBe('EdDSA')
  })

  it('or the first that is allowed and fits its type', () => {
    expect(algorithmOf(unnamed)).toBe('RS256')
    expect(algorithmOf(unnamed, ['ES256', 'PS256', 'RS256'])).toBe('PS256')
    expect(algorithmOf(unnamed, ['ES256', 'EdDSA'])).toBeUndefined()
  })

  it('and none that is not allowed or does not fit', () => {
    expect(algorithmOf(rsa.publicJwk, ['PS256'])).toBeUndefined()
    expect(algorithmOf({ ...p256.publicJwk, alg: 'ES384' })).toBeUndefined()
    expect(algorithmOf({ ...rsa.publicJwk, alg: 'HS256' })).toBeUndefined()
  })
})

describe('a key must be sound', () => {
  const modulus = (bits: number, last = 1) => {
    const bytes = Buffer.alloc(bits / 8, 0x5a)
    bytes[0] = 0x80
    bytes[bytes.length - 1] = last
    return bytes
  }

  it('with a modulus of 2048 to 8192 bits', () => {
    expect([2040, 2048, 8192, 8200].map((bits) => isWeakRsaModulus(modulus(bits)))).toEqual([true, false, false, true])
    const short = modulus(2048)
    short[0] = 0x7f
    expect(isWeakRsaModulus(short)).toBe(true)
  })

  it('not made by the generator of CVE-2017-15361', () => {
    const primes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map(BigInt)
    const product = primes.reduce((all, prime) => all * prime)
    // 65537 to a power, and far enough above it: the mark of that generator modulo each of the primes.
    const marked = 65537n ** 11n + product * (1n << 2000n)
    const unmarked = marked + 1n
    const bytes = (value: bigint) => {
      const digits = value.toString(16)
      return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
    }
    expect(isWeakRsaModulus(bytes(marked))).toBe(true)
    expect(bytes(unmarked).length).toBeGreaterThanOrEqual(256)
    expect(isWeakRsaModulus(bytes(unmarked))).toBe(false)
  })

  it.each(['AQAB', 'AQAC', 'AQ', 'Aw', '_____w', 'AAEAAQ', '__________8', 'AQAAAAAAAAAB', undefined])(
    'with a sound exponent: %s',
    (e) => {
      expect(algorithmOf({ ...rsa.publicJwk, e }) !== undefined).toBe(
        ['AQAB', '_____w', '__________8'].includes(e ?? ''),
      )
    },
  )

  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])('without the secret member %s', (name) => {
    expect(algorithmOf({ ...rsa.publicJwk, [name]: 'AQAB' })).toBeUndefined()
  })

  it.each([
    [{ use: 'enc' }, undefined],
    [{ use: 'sig' }, 'RS256'],
    [{ use: undefined }, 'RS256'],
    [{ key_ops: ['verify'] }, 'RS256'],
    [{ key_ops: ['encrypt'] }, undefined],
    [{ key_ops: 'verify' }, undefined],
    [{ kid: '' }, undefined],
    [{ kid: 7 }, undefined],
    [{ kid: ['id'] }, undefined],
    [{ issuer: 7 }, undefined],
    [{ issuer: 'https://as.company.com' }, 'RS256'],
    [{ crv: 'P-256' }, 'RS256'],
    [{ kid: 'k'.repeat(256) }, 'RS256'],
    [{ kid: 'k'.repeat(257) }, undefined],
    [{ kid: undefined }, 'RS256'],
    [{ n: `${rsa.publicJwk.n}=` }, undefined],
    [{ n: 7 }, undefined],
  ])('and for signatures, by an id that can be looked up: %j', (changes, algorithm) => {
    expect(algorithmOf({ ...rsa.publicJwk, ...changes })).toBe(algorithm)
  })

  it.each([null, 'key', 7, [], undefined])('and an object at all: %j', (entry) => {
    expect(readVerificationKey(entry, supportedAlgorithms)).toBeUndefined()
  })

  it('on its curve, with coordinates of full length', () => {
    const { x = '', y = '' } = p256.publicJwk
    const flipped = Buffer.from(y, 'base64url')
    flipped[31] = (flipped[31] ?? 0) ^ 1
    expect(algorithmOf({ ...p256.publicJwk, y: flipped.toString('base64url') })).toBeUndefined()
    expect(
      algorithmOf({ ...p256.publicJwk, x: Buffer.from(x, 'base64url').subarray(1).toString('base64url') }),
    ).toBeUndefined()
  })

  it.each(['x', 'y'])('on its curve, with a coordinate %s of exactly that length', (name) => {
    const right = Buffer.from(String(p256.publicJwk[name]), 'base64url')
    for (const wrong of [Buffer.concat([Buffer.alloc(1), right]), right.subarray(1), Buffer.alloc(0)])
      expect(algorithmOf({ ...p256.publicJwk, [name]: wrong.toString('base64url') })).toBeUndefined()
    expect(algorithmOf({ ...p256.publicJwk, [name]: undefined })).toBeUndefined()
  })

  it('of Ed25519 as a point of 32 bytes that is not of small order', () => {
    const right = Buffer.from(String(ed25519.publicJwk.x), 'base64url')
    for (const wrong of [Buffer.alloc(32), Buffer.concat([right, Buffer.alloc(1)]), right.subarray(1)])
      expect(algorithmOf({ ...ed25519.publicJwk, x: wrong.toString('base64url') })).toBeUndefined()
    expect(algorithmOf({ ...ed25519.publicJwk, x: undefined })).toBeUndefined()
  })

  it('and no point of small order, with either sign (RFC 8032 section 5.1)', () => {
    const one = Buffer.alloc(32)
    one[0] = 1
    const negative = Buffer.from(one)
    negative[31] = 0x80
    expect([one, negative, Buffer.alloc(32)].map(isSmallOrderPoint)).toEqual([true, true, true])
    expect(isSmallOrderPoint(Buffer.from(ed25519.publicJwk.x ?? '', 'base64url'))).toBe(false)
  })
})

describe('a signature', () => {
  it('of RSASSA-PSS has a salt as long as the hash, and no other', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = readVerificationKey({ ...publicKey.export({ format: 'jwk' }), alg: 'PS256' }, ['PS256'])
    const padding = 6
    const outcomes = [32, 20, 0].map((saltLength) => {
      const signature = sign('sha256', message, { key: privateKey, padding, saltLength })
      return key !== undefined && isSignatureRight(key, message, signature)
    })
    expect(outcomes).toEqual([true, false, false])
    expect(key !== undefined && isSignatureRight(key, message, sign('sha256', message, privateKey))).toBe(false)
  })

  it.each(['P-256', 'P-384'] as const)(
    'with %s is right in the form of r and s side by side, however short they are',
    (namedCurve) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
      const key = readVerificationKey(publicKey.export({ format: 'jwk' }), supportedAlgorithms)
      const hash = namedCurve === 'P-256' ? 'sha256' : 'sha384'
      const outcomes = Array.from({ length: 300 }, (_, number) => {
        const signed = Buffer.from(`message ${number}`)
        const signature = sign(hash, signed, { key: privateKey, dsaEncoding: 'ieee-p1363' })
        return key !== undefined && isSignatureRight(key, signed, signature)
      })
      expect(outcomes.every(Boolean)).toBe(true)
    },
  )

  it.each([
    ['0001', '0001', '3006020101020101'],
    ['0080', '00ff', '300802020080020200ff'],
    ['0000', '7f80', '3007020100' + '02027f80'],
    ['8000', '0001', '3008020300' + '8000020101'],
  ])('is written as DER without leading zeros, and never negative: %s %s', (r, s, der) => {
    expect(toDerSignature(Buffer.from(r + s, 'hex')).toString('hex')).toBe(der)
  })

  it('is wrong at any other length', () => {
    const key = readVerificationKey(rsa.publicJwk, supportedAlgorithms)
    const hash = createHash('sha256').update('x').digest()
    expect(key !== undefined && isSignatureRight(key, message, hash)).toBe(false)
  })
})

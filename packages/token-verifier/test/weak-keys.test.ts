import { testKeys } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { isSmallOrderPoint, isWeakRsaModulus } from '../src/weak-keys.ts'

const bytesOf = (value: bigint) => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}
/** Not a power of 65537 modulo 11. */
const ordinary = (bits: number) => {
  const value = (1n << BigInt(bits - 1)) + 1n
  return value % 11n === 1n || value % 11n === 10n ? value + 2n : value
}

describe('an RSA modulus', () => {
  it.each([
    [2047, true],
    [2048, false],
    [4096, false],
    [8192, false],
    [8193, true],
  ])('of %d bits is weak: %s', (bits, isWeak) => {
    expect(isWeakRsaModulus(bytesOf(ordinary(bits)))).toBe(isWeak)
  })

  it('of nothing, or with zeros in front, is as long as its number', () => {
    expect(isWeakRsaModulus(Buffer.alloc(0))).toBe(true)
    expect(isWeakRsaModulus(Buffer.concat([Buffer.alloc(64), bytesOf(ordinary(2047))]))).toBe(true)
    expect(isWeakRsaModulus(Buffer.from(testKeys.rsa.publicJwk.n ?? '', 'base64url'))).toBe(false)
  })

  it('that is a power of 65537 modulo all the primes of the flawed generator is weak (CVE-2017-15361)', () => {
    const primes = [11n, 13n, 17n, 19n, 37n, 53n, 61n, 71n, 73n, 79n, 97n, 103n, 107n, 109n, 127n, 151n, 157n]
    const product = primes.reduce((all, prime) => all * prime)
    for (const power of [0n, 1n, 2n, 77n]) {
      // The same residue as 65537^power modulo every prime, and 2,048 bits.
      let value = 1n
      for (let count = 0n; count < power; count += 1n) value = (value * 65537n) % product
      const multiple = ((1n << 2047n) / product + 1n) * product
      expect(isWeakRsaModulus(bytesOf(multiple + value))).toBe(true)
      for (const prime of primes.slice(0, 3)) {
        // Off modulo one prime alone: 2 is never a power of 65537 there together with the others.
        const others = product / prime
        const off = [...Array(Number(prime)).keys()].map((count) => multiple + value + others * BigInt(count))
        expect(off.some((candidate) => !isWeakRsaModulus(bytesOf(candidate)))).toBe(true)
      }
    }
  })
})

describe('a point of Ed25519', () => {
  const smallOrder = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ]
  it.each(smallOrder)('%s is of small order, with either sign', (hex) => {
    const point = Buffer.from(hex, 'hex')
    expect(isSmallOrderPoint(point)).toBe(true)
    point[31] = (point[31] ?? 0) | 0x80
    expect(isSmallOrderPoint(point)).toBe(true)
    expect(point[31]).toBeGreaterThan(127)
  })

  it('of a real key is not, nor one that differs in a bit', () => {
    expect(isSmallOrderPoint(Buffer.from(testKeys.ed25519.publicJwk.x ?? '', 'base64url'))).toBe(false)
    const near = Buffer.alloc(32)
    near[0] = 2
    expect(isSmallOrderPoint(near)).toBe(false)
    near[0] = 0
    near[31] = 0x40
    expect(isSmallOrderPoint(near)).toBe(false)
  })
})

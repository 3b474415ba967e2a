/** Shortest and longest RSA modulus taken, in bits (RFC 7518 section 3.3; the upper bound limits the work per token). */
const minModulusBits = 2048
const maxModulusBits = 8192

/**
 * Primes by which the moduli of a flawed key generator can be told (CVE-2017-15361, "ROCA"): modulo each of them such
 * a modulus is a power of 65537, which a random one is with a chance of less than 2^-27 for all together.
 */
const rocaPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]

/** True for an RSA modulus that is too short, absurdly long, or made by the generator of CVE-2017-15361. */
export function isWeakRsaModulus(modulus: Buffer): boolean {
  const value = BigInt(`0x${modulus.toString('hex') || '0'}`)
  const bits = value.toString(2).length
  return bits < minModulusBits || bits > maxModulusBits || rocaPrimes.every((prime) => isPowerOf65537(value, prime))
}

function isPowerOf65537(value: bigint, prime: number): boolean {
  const residue = Number(value % BigInt(prime))
  const base = 65537 % prime
  let power = 1
  do {
    if (power === residue) return true
    power = (power * base) % prime
  } while (power !== 1)
  return false
}

/**
 * The points of Ed25519 whose order divides 8, in every encoding, without the sign bit. Under such a key one signature
 * fits many messages (RFC 8032 section 5.1; "Taming the many EdDSAs", table 6).
 */
const smallOrderPoints: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** True for a point of Ed25519 that must not be a public key. */
export function isSmallOrderPoint(point: Buffer): boolean {
  const withoutSign = Buffer.from(point)
  withoutSign[31] = (withoutSign[31] ?? 0) & 0x7f
  return smallOrderPoints.has(withoutSign.toString('hex'))
}

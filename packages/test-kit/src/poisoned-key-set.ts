import { testKeys } from './test-keys.ts'

/** An entry that a resource server must leave out, beside the good ones (RFC 7517 section 5). */
export interface PoisonedEntry {
  /** Why it must not be used. */
  readonly why: string
  /** Where the rule is written. */
  readonly source: string
  readonly entry: unknown
}

const p256 = testKeys.p256.publicJwk
const rsa = testKeys.rsa.publicJwk

/** Entries that a careless or hostile key set may hold. Those with a usable half have the `kid` `poison-…`. */
export const poisonedEntries: readonly PoisonedEntry[] = [
  poison('it is symmetric', 'RFC 8725 section 3.1', {
    kid: 'poison-oct',
    kty: 'oct',
    alg: 'HS256',
    k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0ISE',
  }),
  poison('it is private', 'RFC 7517 section 9.2', { ...testKeys.attackerRsa.privateJwk, kid: 'poison-private' }),
  poison('its RSA modulus has 1024 bits', 'RFC 7518 section 3.3', {
    ...testKeys.weakRsa.publicJwk,
    kid: 'poison-weak',
  }),
  poison('its RSA exponent is 3', 'RFC 8725 section 3.4', { ...testKeys.smallExponentRsa.publicJwk, kid: 'poison-e3' }),
  poison('its RSA exponent is 1', 'RFC 8017 section 3.1', { ...rsa, e: 'AQ', kid: 'poison-e1' }),
  poison('it is for encryption', 'RFC 7517 section 4.2', { ...testKeys.encryption.publicJwk, kid: 'poison-enc' }),
  poison('its operations do not hold verify', 'RFC 7517 section 4.3', {
    ...rsa,
    use: undefined,
    key_ops: ['encrypt'],
    kid: 'poison-ops',
  }),
  poison('its algorithm is not for its type', 'RFC 8725 section 3.1', { ...p256, alg: 'RS256', kid: 'poison-alg' }),
  poison('its point is not on the curve', 'RFC 8725 section 3.4', { ...p256, y: p256.x, kid: 'poison-off-curve' }),
  poison('its curve is not the one of its coordinates', 'RFC 7518 section 6.2.1.1', {
    ...p256,
    crv: 'P-384',
    alg: 'ES384',
    kid: 'poison-curve',
  }),
  ...smallOrderPoints().map((x, index) =>
    poison('its Ed25519 point has small order', 'RFC 8032 section 5.1.7, RFC 8725 section 3.4', {
      kty: 'OKP',
      crv: 'Ed25519',
      alg: 'EdDSA',
      use: 'sig',
      x,
      kid: `poison-small-order-${index}`,
    }),
  ),
  poison('its type is unknown', 'RFC 7517 section 5', { kid: 'poison-type', kty: 'XYZ', alg: 'XY256' }),
  poison('it has no type', 'RFC 7517 section 4.1', { kid: 'poison-no-type' }),
  poison('its kid is no string', 'RFC 7517 section 4.5', { ...rsa, kid: 7 }),
  poison('it is null', 'RFC 7517 section 5', null),
  poison('it is a string', 'RFC 7517 section 5', 'key'),
  poison('it is a list', 'RFC 7517 section 5', []),
  poison('its modulus is no base64url', 'RFC 7518 section 6.3.1.1', { ...rsa, n: '!!!', kid: 'poison-base64' }),
  poison('its modulus is missing', 'RFC 7518 section 6.3.1', { ...rsa, n: undefined, kid: 'poison-no-modulus' }),
]

/** A key set document with the {@link poisonedEntries} around the good ones. */
export function poisonedKeySet(keySet: unknown): { keys: unknown[] } {
  const bad = poisonedEntries.map(({ entry }) => entry)
  const half = Math.ceil(bad.length / 2)
  return { keys: [...bad.slice(0, half), ...entriesOf(keySet), ...bad.slice(half)] }
}

function poison(why: string, source: string, entry: unknown): PoisonedEntry {
  return { why, source, entry }
}

function entriesOf(keySet: unknown): unknown[] {
  const keys = typeof keySet === 'object' && keySet !== null && 'keys' in keySet ? keySet.keys : []
  return Array.isArray(keys) ? keys : []
}

/** The points of order 1, 2, 4 and 8 on edwards25519, in their canonical and non-canonical encodings. */
function smallOrderPoints(): string[] {
  return [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '0100000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  ].map((hex) => Buffer.from(hex, 'hex').toString('base64url'))
}

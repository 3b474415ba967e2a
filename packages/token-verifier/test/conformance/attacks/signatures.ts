import { constants, createHash, privateEncrypt, sign } from 'node:crypto'
import { signBytes, type TestKey, testKeys } from '@mcp-identity/test-kit'
import { type RefusedCase, withSignature } from '../refused-case.ts'

type MakeSignature = (signingInput: Buffer) => Uint8Array

function refused(title: string, source: string, key: TestKey, make: MakeSignature): RefusedCase {
  return { title, source, token: withSignature(make, key), reason: 'signature_invalid' }
}

const { rsa, rsaPss, p256, p384, ed25519, attackerRsa, attackerP256, attackerEd25519 } = testKeys

/** Changes of a right signature that no algorithm may accept. */
const changes: Readonly<Record<string, (right: Uint8Array) => Uint8Array>> = {
  'its first bit flipped': (right) => right.with(0, (right[0] ?? 0) ^ 0x80),
  'a bit in the middle flipped': (right) => right.with(right.length / 2, (right[right.length / 2] ?? 0) ^ 1),
  'its last bit flipped': (right) => right.with(-1, (right.at(-1) ?? 0) ^ 1),
  'one byte missing at the end': (right) => right.subarray(0, -1),
  'one byte missing at the start': (right) => right.subarray(1),
  'a zero byte after it': (right) => Buffer.concat([right, Buffer.of(0)]),
  'a zero byte before it': (right) => Buffer.concat([Buffer.of(0), right]),
  'itself after it': (right) => Buffer.concat([right, right]),
  'half of it': (right) => right.subarray(0, right.length / 2),
  'its bytes in reverse': (right) => Uint8Array.from(right).reverse(),
  'only zeros': (right) => new Uint8Array(right.length),
  'only ones': (right) => new Uint8Array(right.length).fill(0xff),
  'one byte': () => Uint8Array.of(1),
}

const keys = [rsa, rsaPss, p256, p384, ed25519]

const changed: RefusedCase[] = keys.flatMap((key) =>
  Object.entries(changes).map(([what, change]) =>
    refused(
      `rejects ${key.algorithm} with ${what} for a signature`,
      'RFC 7515 section 5.2, RFC 7518 section 3',
      key,
      (input) => change(signBytes(key, input)),
    ),
  ),
)

const attackers: readonly (readonly [TestKey, TestKey])[] = [
  [rsa, attackerRsa],
  [rsaPss, { ...attackerRsa, algorithm: 'PS256' }],
  [p256, attackerP256],
  [ed25519, attackerEd25519],
]

const foreign: RefusedCase[] = attackers.map(([key, attacker]) =>
  refused(`rejects ${key.algorithm} by a key that is not the one it names`, 'RFC 7515 section 5.2', key, (input) =>
    signBytes(attacker, input),
  ),
)

const foreignInput: RefusedCase[] = keys.map((key) =>
  refused(`rejects ${key.algorithm} over the payload alone`, 'RFC 7515 section 5.1', key, (input) =>
    signBytes(key, input.subarray(input.indexOf('.') + 1)),
  ),
)

// RSA: blocks that a lenient verifier takes for PKCS #1 padding. Sealed with the private key, as no attacker could.

/** DigestInfo of SHA-256 up to the digest (RFC 8017 section 9.2, note 1). */
const sha256Info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const withoutNull = Buffer.from('302f300b06096086480165030402010420', 'hex')
const sha1Info = Buffer.from('3021300906052b0e03021a05000414', 'hex')
const digest = (input: Buffer, hash = 'sha256'): Buffer => createHash(hash).update(input).digest()

function seal(block: Buffer): Uint8Array {
  return privateEncrypt({ key: rsa.privateKey, padding: constants.RSA_NO_PADDING }, block)
}

/** 00, the block type, padding up to 256 bytes, 00, and the rest. */
function padded(rest: Buffer, { type = 1, filler = 0xff }: { type?: number; filler?: number } = {}): Buffer {
  return Buffer.concat([Buffer.of(0, type), Buffer.alloc(253 - rest.length, filler), Buffer.of(0), rest])
}

const forgedBlocks: Readonly<Record<string, (input: Buffer) => Buffer>> = {
  'padding of block type 2': (input) => padded(Buffer.concat([sha256Info, digest(input)]), { type: 2 }),
  'padding of block type 0': (input) => padded(Buffer.concat([sha256Info, digest(input)]), { type: 0 }),
  'padding of zeros': (input) => padded(Buffer.concat([sha256Info, digest(input)]), { filler: 0 }),
  'eight bytes of padding and rubbish after the digest': (input) => {
    const start = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(8, 0xff), Buffer.of(0), sha256Info, digest(input)])
    return Buffer.concat([start, Buffer.alloc(256 - start.length, 0xaa)])
  },
  'rubbish inside the digest info': (input) => {
    const info = Buffer.concat([
      Buffer.from('3035300d060960864801650304020105000424', 'hex'),
      digest(input),
      Buffer.alloc(4),
    ])
    return padded(info)
  },
  'a digest info without its NULL': (input) => padded(Buffer.concat([withoutNull, digest(input)])),
  'a bare digest': (input) => padded(digest(input)),
  'a digest info of SHA-1': (input) => padded(Buffer.concat([sha1Info, digest(input, 'sha1')])),
  'the digest info of SHA-256 around another digest': (input) =>
    padded(Buffer.concat([sha256Info, digest(Buffer.from(`${input} `))])),
}

const forgedRsa: RefusedCase[] = Object.entries(forgedBlocks).map(([what, block]) =>
  refused(`rejects RS256 with ${what}`, 'RFC 8017 section 8.2.2, CVE-2006-4339, CVE-2022-24771', rsa, (input) =>
    seal(block(input)),
  ),
)

const otherHashes: RefusedCase[] = ['sha1', 'sha384', 'sha512', 'md5'].map((hash) =>
  refused(`rejects RS256 made with ${hash}`, 'RFC 7518 section 3.3', rsa, (input) => sign(hash, input, rsa.privateKey)),
)

function pss(saltLength: number, hash: string): MakeSignature {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return (input) => sign(hash, input, { key: rsaPss.privateKey, padding, saltLength })
}

const forgedPss: RefusedCase[] = [
  ...[0, 20, 31, 33, 222].map((salt) =>
    refused(`rejects PS256 with a salt of ${salt} bytes`, 'RFC 7518 section 3.5', rsaPss, pss(salt, 'sha256')),
  ),
  ...['sha1', 'sha384', 'sha512'].map((hash) =>
    refused(`rejects PS256 made with ${hash}`, 'RFC 7518 section 3.5', rsaPss, pss(32, hash)),
  ),
  refused('rejects PS256 with PKCS #1 v1.5 padding', 'RFC 7518 section 3.5', rsaPss, (input) =>
    signBytes(rsaPss, input, 'RS256'),
  ),
  refused('rejects RS256 with PSS padding', 'RFC 7518 section 3.3', rsa, (input) => signBytes(rsa, input, 'PS256')),
]

/** The modulus of an RSA key, added to a signature as a number: congruent, and yet another signature. */
function plusModulus(key: TestKey): MakeSignature {
  return (input) => {
    const modulus = BigInt(`0x${Buffer.from(String(key.publicJwk.n), 'base64url').toString('hex')}`)
    const signature = BigInt(`0x${Buffer.from(signBytes(key, input)).toString('hex')}`)
    const hex = (signature + modulus).toString(16)
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  }
}

const congruent: RefusedCase[] = [rsa, rsaPss].map((key) =>
  refused(
    `rejects ${key.algorithm} with the modulus added to the signature`,
    'RFC 8017 section 5.2.2',
    key,
    plusModulus(key),
  ),
)

// ECDSA: numbers outside 1 .. n-1 (FIPS 186-5 section 6.4.2), and other encodings.

const orders = {
  ES256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ES384: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
} as const
const fields = {
  ES256: 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
  ES384: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
} as const

function numbers(algorithm: 'ES256' | 'ES384'): Readonly<Record<string, string>> {
  const order = orders[algorithm]
  const { length } = order
  return {
    '0': ''.padStart(length, '0'),
    '1': '1'.padStart(length, '0'),
    n: order,
    'n - 1': (BigInt(`0x${order}`) - 1n).toString(16),
    'n + 1': (BigInt(`0x${order}`) + 1n).toString(16),
    p: fields[algorithm],
    'the largest number': ''.padStart(length, 'f'),
  }
}

/** The signatures of CVE-2022-21449 and their relatives: r and s out of the numbers above. */
const psychic: RefusedCase[] = ([p256, p384] as const).flatMap((key) => {
  const values = Object.entries(numbers(key.algorithm === 'ES384' ? 'ES384' : 'ES256'))
  return values.flatMap(([r, rHex]) =>
    values.map(([s, sHex]) =>
      refused(
        `rejects ${key.algorithm} with r = ${r} and s = ${s}`,
        'FIPS 186-5 section 6.4.2, CVE-2022-21449',
        key,
        () => Buffer.from(rHex + sHex, 'hex'),
      ),
    ),
  )
})

const encodings: RefusedCase[] = ([p256, p384] as const).flatMap((key) => {
  const hash = key.algorithm === 'ES384' ? 'sha384' : 'sha256'
  const half = key.algorithm === 'ES384' ? 48 : 32
  const widened = (input: Buffer, width: number): Buffer => {
    const right = Buffer.from(signBytes(key, input))
    const pad = Buffer.alloc(width - half)
    return Buffer.concat([pad, right.subarray(0, half), pad, right.subarray(half)])
  }
  return [
    refused(`rejects ${key.algorithm} written as DER`, 'RFC 7518 section 3.4', key, (input) =>
      sign(hash, input, key.privateKey),
    ),
    refused(`rejects ${key.algorithm} with r and s padded to 66 bytes`, 'RFC 7518 section 3.4', key, (input) =>
      widened(input, 66),
    ),
    refused(`rejects ${key.algorithm} with r and s padded by one byte`, 'RFC 7518 section 3.4', key, (input) =>
      widened(input, half + 1),
    ),
    refused(`rejects ${key.algorithm} with r and s swapped`, 'RFC 7518 section 3.4', key, (input) => {
      const right = Buffer.from(signBytes(key, input))
      return Buffer.concat([right.subarray(half), right.subarray(0, half)])
    }),
    refused(`rejects ${key.algorithm} made with another hash`, 'RFC 7518 section 3.4', key, (input) =>
      sign(hash === 'sha256' ? 'sha384' : 'sha256', input, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }),
    ),
  ]
})

// Ed25519: S must be below the order L; R and A must not be of small order (RFC 8032 section 5.1.7).

const orderOfEd25519 = 2n ** 252n + 27742317777372353535851937790883648493n

function plusOrder(signature: Uint8Array, times: bigint): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + times * orderOfEd25519
  const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  return Buffer.concat([signature.subarray(0, 32), bytes])
}

const identity = Buffer.concat([Buffer.of(1), Buffer.alloc(31)])

const forgedEd25519: RefusedCase[] = [
  refused('rejects EdDSA with L added to S', 'RFC 8032 section 5.1.7, CVE-2020-36843', ed25519, (input) =>
    plusOrder(signBytes(ed25519, input), 1n),
  ),
  refused('rejects EdDSA with 4 L added to S', 'RFC 8032 section 5.1.7', ed25519, (input) =>
    plusOrder(signBytes(ed25519, input), 4n),
  ),
  refused('rejects EdDSA with the identity as R and S = 0', 'RFC 8032 section 5.1.7', ed25519, () =>
    Buffer.concat([identity, Buffer.alloc(32)]),
  ),
  refused('rejects EdDSA with the identity as R', 'RFC 8032 section 5.1.7', ed25519, (input) =>
    Buffer.concat([identity, Buffer.from(signBytes(ed25519, input)).subarray(32)]),
  ),
  refused('rejects EdDSA with S = 0', 'RFC 8032 section 5.1.7', ed25519, (input) =>
    Buffer.concat([Buffer.from(signBytes(ed25519, input)).subarray(0, 32), Buffer.alloc(32)]),
  ),
]

/** SIG: signatures that are wrong, each in its own way. */
export const signatureAttacks: readonly RefusedCase[] = [
  ...changed,
  ...foreign,
  ...foreignInput,
  ...forgedRsa,
  ...otherHashes,
  ...forgedPss,
  ...congruent,
  ...psychic,
  ...encodings,
  ...forgedEd25519,
]

import { signBytes, signWithSecret, type TestKey, testKeys } from '@mcp-identity/test-kit'
import type { TokenRefusalReason } from '../../../src/index.ts'
import { parts, type RefusedCase, valid, withHeader, withSignature } from '../refused-case.ts'

const confusion = 'RFC 8725 sections 2.1 and 3.1, CVE-2015-9235, CVE-2016-10555, CVE-2026-34950'
const noSignature = (): Uint8Array => new Uint8Array()
const rightSignature = (input: Buffer): Uint8Array => signBytes(testKeys.rsa, input)

function refused(title: string, source: string, token: string, reason: TokenRefusalReason): RefusedCase {
  return { title, source, token, reason }
}

/** Every name is tried with the signature that would be right. */
const notAlgorithms: Readonly<Record<string, unknown>> = {
  'the string none': 'none',
  'the string None': 'None',
  'the string NONE': 'NONE',
  'the string nOnE': 'nOnE',
  'none with a space': 'none ',
  'none with a NUL': 'none\0',
  'an empty string': '',
  'a space': ' ',
  null: null,
  false: false,
  true: true,
  zero: 0,
  'a number': 256,
  'an empty list': [],
  'a list with the right one': ['RS256'],
  'an object': { name: 'RS256' },
  'the right one in lower case': 'rs256',
  'the right one in mixed case': 'Rs256',
  'the right one with a hyphen': 'RS-256',
  'the right one with a space before it': ' RS256',
  'the right one with a space after it': 'RS256 ',
  'the right one with a line feed': 'RS256\n',
  'the right one with a NUL': 'RS256\0',
  'the right one with a zero-width space': 'RS256\u200b',
  'two names': 'RS256,none',
  'the name of another library': 'RSASSA-PKCS1-v1_5',
  'the name of a hash': 'SHA256withRSA',
  'an object identifier': '1.2.840.113549.1.1.11',
  toString: 'toString',
  'the name __proto__': '__proto__',
  constructor: 'constructor',
  'a name of 8 KiB': 'R'.repeat(8192),
  nothing: undefined,
}

const unlisted = ['RS1', 'RS384', 'RS512', 'PS384', 'PS512', 'ES256K', 'ES512', 'Ed448', 'ESB256', 'ML-DSA-44'] as const
const forEncryption = ['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256', 'A128KW', 'dir', 'ECDH-ES', 'PBES2-HS256+A128KW'] as const

function signWith(algorithm: string): (input: Buffer) => Uint8Array {
  return (input) =>
    algorithm.startsWith('RS') || algorithm.startsWith('PS')
      ? signBytes(testKeys.rsa, input, algorithm)
      : rightSignature(input)
}

const unknownAlgorithms: RefusedCase[] = [
  ...Object.entries(notAlgorithms).map(([what, alg]) =>
    refused(
      `rejects ${what} as alg`,
      'RFC 8725 section 3.1, CVE-2022-29217',
      withSignature(rightSignature, testKeys.rsa, { alg }),
      'algorithm_not_allowed',
    ),
  ),
  ...unlisted.map((alg) =>
    refused(
      `rejects ${alg}, which is not on the list`,
      'RFC 8725 section 3.1',
      withSignature(signWith(alg), testKeys.rsa, { alg }),
      'algorithm_not_allowed',
    ),
  ),
  ...forEncryption.map((alg) =>
    refused(
      `rejects ${alg}, which does not sign`,
      'RFC 7518 section 4.1',
      withHeader({ alg }),
      'algorithm_not_allowed',
    ),
  ),
  ...['none', 'NONE', ' none'].map((alg) =>
    refused(
      `rejects ${JSON.stringify(alg)} without a signature`,
      'RFC 8725 section 3.2',
      withSignature(noSignature, testKeys.rsa, { alg }),
      'malformed',
    ),
  ),
]

const spki = testKeys.rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const secrets: Readonly<Record<string, string | Uint8Array>> = {
  'the public key as PEM': spki,
  'the public key as PEM without its last line feed': spki.trimEnd(),
  'the public key as PEM after a space': ` ${spki}`,
  'the public key as PEM with carriage returns': spki.replaceAll('\n', '\r\n'),
  'the public key as PEM of PKCS #1': testKeys.rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }),
  'the public key as DER': testKeys.rsa.publicKey.export({ format: 'der', type: 'spki' }),
  'the public key as DER of PKCS #1': testKeys.rsa.publicKey.export({ format: 'der', type: 'pkcs1' }),
  'the public key as JSON': JSON.stringify(testKeys.rsa.publicJwk),
  'the key set as JSON': JSON.stringify({ keys: [testKeys.rsa.publicJwk] }),
  'the modulus': String(testKeys.rsa.publicJwk.n),
  'the bytes of the modulus': Buffer.from(String(testKeys.rsa.publicJwk.n), 'base64url'),
  'the kid': testKeys.rsa.kid,
  'an empty secret': '',
  'the word secret': 'secret',
  'a zero byte': Uint8Array.of(0),
}
const hashes = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }

const hmac: RefusedCase[] = Object.entries(hashes).flatMap(([alg, hash]) =>
  Object.entries(secrets).map(([what, secret]) =>
    refused(
      `rejects ${alg} keyed with ${what}`,
      confusion,
      withSignature((input) => signWithSecret(secret, input, hash), testKeys.rsa, { alg }),
      'algorithm_not_allowed',
    ),
  ),
)

/** The key id of one key, the algorithm and signature of another. */
function crossed(victim: TestKey, signer: TestKey): RefusedCase {
  const { algorithm } = signer
  const token = withSignature((input) => signBytes(signer, input), victim, { alg: algorithm })
  return refused(
    `rejects ${algorithm} under the kid of a ${victim.algorithm} key`,
    'RFC 8725 section 3.1',
    token,
    'key_mismatch',
  )
}

const { rsa, rsaPss, p256, p384, ed25519, attackerRsa, attackerP256, attackerEd25519 } = testKeys
const asPs256 = { ...rsa, algorithm: 'PS256' } as const
const asRs256 = { ...rsaPss, algorithm: 'RS256' } as const

const crossedKeys: RefusedCase[] = [
  crossed(rsa, asPs256),
  crossed(rsaPss, asRs256),
  crossed(rsa, attackerP256),
  crossed(rsa, attackerEd25519),
  crossed(p256, attackerRsa),
  crossed(p256, p384),
  crossed(p256, attackerEd25519),
  crossed(p384, attackerP256),
  crossed(p384, attackerRsa),
  crossed(ed25519, attackerP256),
  crossed(ed25519, attackerRsa),
]

const encryptionKey: RefusedCase[] = [
  refused(
    'rejects a token that names the encryption key of the issuer',
    'RFC 7517 section 4.2',
    withSignature((input) => signBytes(testKeys.encryption, input, 'RS256'), testKeys.encryption, { alg: 'RS256' }),
    'key_unknown',
  ),
]

const unsigned: RefusedCase[] = [
  refused(
    'rejects the signature of another token',
    'RFC 7515 section 5.2',
    `${parts.header}.${parts.payload}.${withHeader({ typ: 'at+jwt' }).split('.')[2]}`,
    'signature_invalid',
  ),
  refused(
    'rejects a header changed after signing',
    'RFC 7515 section 5.2',
    `${withHeader({ typ: 'at+jwt' }).split('.')[0]}.${parts.payload}.${parts.signature}`,
    'signature_invalid',
  ),
  refused(
    'rejects a payload changed after signing',
    'RFC 7515 section 5.2',
    `${parts.header}.${Buffer.from(JSON.stringify({ ...valid.claims, sub: 'administrator' })).toString('base64url')}.${parts.signature}`,
    'signature_invalid',
  ),
]

/** ALG: what the header says about the algorithm. */
export const algorithmAttacks: readonly RefusedCase[] = [
  ...unknownAlgorithms,
  ...hmac,
  ...crossedKeys,
  ...encryptionKey,
  ...unsigned,
]

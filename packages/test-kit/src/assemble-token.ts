import { constants, createHmac, type KeyObject, sign } from 'node:crypto'
import type { TestKey } from './test-keys.ts'

/** Part of a token: an object is written as JSON, a string as UTF-8, bytes as they are. Nothing is checked. */
export type TokenPart = string | Uint8Array | Readonly<Record<string, unknown>> | readonly unknown[]

/** What {@link assembleToken} puts together. */
export interface RawToken {
  readonly header: TokenPart
  readonly payload: TokenPart
  /** Signs with {@link RawToken.algorithm}. Without a key, and without a signature, the third part is empty. */
  readonly key?: TestKey
  /** Algorithm the bytes are signed with, whatever the header says. Default: the key's own. */
  readonly algorithm?: string
  /** The signature itself: bytes, or a function of the signing input. Wins over `key`. */
  readonly signature?: Uint8Array | ((signingInput: Buffer) => Uint8Array)
}

/**
 * Assembles a token in compact form (RFC 7515 section 7.1) out of anything, valid or not.
 *
 * Does not look into its parts: the header may lie about the algorithm, the payload may be no JSON.
 *
 * @throws {TypeError} The algorithm is not one that {@link signBytes} knows.
 */
export function assembleToken({ header, payload, key, algorithm, signature }: RawToken): string {
  const signingInput = Buffer.from(`${encodePart(header)}.${encodePart(payload)}`)
  const bytes =
    signature === undefined ? key && signBytes(key, signingInput, algorithm) : resolve(signature, signingInput)
  return `${signingInput}.${encodeBytes(bytes ?? new Uint8Array())}`
}

/** Base64url without padding (RFC 7515 section 2). */
export function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

/** Base64url of a part: JSON of an object, UTF-8 of a string, bytes as they are. */
export function encodePart(part: TokenPart): string {
  if (part instanceof Uint8Array) return encodeBytes(part)
  return encodeBytes(Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)))
}

/**
 * Signs bytes with a JOSE algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1), also one the key is not meant for.
 *
 * @throws {TypeError} The algorithm is unknown.
 */
export function signBytes(key: TestKey, bytes: Uint8Array, algorithm: string = key.algorithm): Uint8Array {
  const signer = signers[algorithm]
  if (signer === undefined) throw new TypeError(`algorithm must be one of ${Object.keys(signers).join(', ')}`)
  return signer(key.privateKey, bytes)
}

/** HMAC of any secret, as the algorithm-confusion attacks use it (RFC 8725 section 2.1). */
export function signWithSecret(secret: string | Uint8Array, bytes: Uint8Array, hash = 'sha256'): Uint8Array {
  return createHmac(hash, secret).update(bytes).digest()
}

type Signer = (key: KeyObject, bytes: Uint8Array) => Uint8Array

const rsa =
  (hash: string): Signer =>
  (key, bytes) =>
    sign(hash, bytes, key)
const pss =
  (hash: string, saltLength: number): Signer =>
  (key, bytes) =>
    sign(hash, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
const ecdsa =
  (hash: string): Signer =>
  (key, bytes) =>
    sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' })
const eddsa: Signer = (key, bytes) => sign(null, bytes, key)

const signers: Readonly<Record<string, Signer>> = {
  RS1: rsa('sha1'),
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: pss('sha256', 32),
  PS384: pss('sha384', 48),
  PS512: pss('sha512', 64),
  ES256: ecdsa('sha256'),
  ES384: ecdsa('sha384'),
  ES512: ecdsa('sha512'),
  EdDSA: eddsa,
  Ed25519: eddsa,
}

function resolve(signature: Exclude<RawToken['signature'], undefined>, signingInput: Buffer): Uint8Array {
  return typeof signature === 'function' ? signature(signingInput) : signature
}

import { constants, createPublicKey, KeyObject, verify, type webcrypto } from 'node:crypto'
import { errors, type JWK, type JWTVerifyGetKey } from 'jose'
import { RefusedSignalError, refuseSignal, SignalDeferredError } from './refused-signal.ts'
import type { SignedMessage } from './signed-message.ts'
import type { SignalAlgorithm } from './transmitter.ts'

/** How an algorithm verifies, and what its keys are like. */
interface AlgorithmRow {
  hash: string | null
  keyType: 'rsa' | 'ec' | 'ed25519'
  /** As Node names it. */
  curve?: string
  options: { padding?: number; saltLength?: number; dsaEncoding?: 'ieee-p1363' }
}

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants
const edDsa: AlgorithmRow = { hash: null, keyType: 'ed25519', options: {} }

/** RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1, RFC 9864. */
const algorithms: Readonly<Record<SignalAlgorithm, AlgorithmRow>> = {
  RS256: { hash: 'sha256', keyType: 'rsa', options: { padding: RSA_PKCS1_PADDING } },
  PS256: { hash: 'sha256', keyType: 'rsa', options: { padding: RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  ES256: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1', options: { dsaEncoding: 'ieee-p1363' } },
  ES384: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: edDsa,
  Ed25519: edDsa,
}

/** RFC 7518 section 3.3. */
const leastModulusBits = 2_048

/**
 * Verifies a signature on the calling thread: handing each of ten thousand to another one costs several times what RSA
 * itself takes.
 *
 * @param allowed Algorithms that the transmitter may sign with.
 * @throws {RefusedSignalError} The algorithm, the key or the signature is not acceptable.
 * @throws {SignalDeferredError} The keys cannot be had.
 */
export async function verifySignature(
  { header, signed, signature }: SignedMessage,
  keys: JWTVerifyGetKey,
  allowed: readonly SignalAlgorithm[],
): Promise<void> {
  const name = allowed.find((each) => each === header.alg) ?? refuseKey()
  const algorithm = algorithms[name]
  const key = await findKey(keys, header)
  if (!fits(key, algorithm)) return refuseKey()
  if (!verify(algorithm.hash, signed, { key, ...algorithm.options }, signature)) return refuseKey()
}

function fits({ type, asymmetricKeyType, asymmetricKeyDetails }: KeyObject, { keyType, curve }: AlgorithmRow): boolean {
  if (type !== 'public' || asymmetricKeyType !== keyType) return false
  if (keyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= leastModulusBits
  return asymmetricKeyDetails?.namedCurve === curve
}

async function findKey(keys: JWTVerifyGetKey, header: SignedMessage['header']): Promise<KeyObject> {
  try {
    return keyObjectOf(await keys(header, { payload: '', signature: '' }))
  } catch (error) {
    if (error instanceof RefusedSignalError) throw error
    const isRefused =
      error instanceof errors.JWKSNoMatchingKey ||
      error instanceof errors.JWKSMultipleMatchingKeys ||
      error instanceof errors.JOSENotSupported
    if (isRefused) return refuseKey()
    throw new SignalDeferredError('the keys of the transmitter cannot be had', { cause: error })
  }
}

type FoundKey = Awaited<ReturnType<JWTVerifyGetKey>>

/** A key set gives the same object for the same key. */
const keyObjects = new WeakMap<object, KeyObject>()

function keyObjectOf(found: FoundKey): KeyObject {
  const known = keyObjects.get(found)
  if (known !== undefined) return known
  const key = toKeyObject(found)
  keyObjects.set(found, key)
  return key
}

function toKeyObject(found: FoundKey): KeyObject {
  if (found instanceof KeyObject) return found
  if (found instanceof Uint8Array) return refuseKey()
  return isJwk(found)
    ? createPublicKey({ key: { ...found }, format: 'jwk' })
    : KeyObject.from(found as webcrypto.CryptoKey)
}

function isJwk(found: object): found is JWK {
  return 'kty' in found
}

function refuseKey(): never {
  return refuseSignal('invalid_key', 'the key or the signature is not acceptable')
}

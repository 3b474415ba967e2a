import { supportedAlgorithms } from '../../../src/algorithms.ts'
import { decodeBase64url, isAscii } from '../../../src/base64url.ts'
import { KeyRing } from '../../../src/key-ring.ts'
import { isSignatureRight } from '../../../src/signature.ts'
import { readJsonObject } from '../../../src/strict-json.ts'
import { TokenError } from '../../../src/token-error.ts'
import { readTokenHeader } from '../../../src/token-header.ts'
import { readVerificationKey } from '../../../src/verification-key.ts'

/**
 * Verifies a JWS whose payload is no token, with the verifier's own parts. Published vectors sign texts such as "foo",
 * which `verify` refuses before it looks at the signature.
 */
export function isJwsRight(jws: unknown, keySet: Readonly<Record<string, unknown>>): boolean {
  if (typeof jws !== 'string' || !isAscii(jws)) return false
  const decoded = jws.split('.').map((part) => (part === '' ? undefined : decodeBase64url(part)))
  const [header, payload, signature] = decoded
  if (decoded.length !== 3 || header === undefined || payload === undefined || signature === undefined) return false
  const { algorithm, keyId } = readHeader(header) ?? {}
  const ring = KeyRing.read(keySet, supportedAlgorithms)
  if (algorithm === undefined || ring === undefined) return false
  const keys = keyId === undefined ? ring.onlyKeyFor(algorithm) : ring.withId(keyId)
  const signed = Buffer.from(jws.slice(0, jws.lastIndexOf('.')))
  return keys.some((key) => key.algorithm === algorithm && isSignatureRight(key, signed, signature))
}

/** Verifies a bare signature over any bytes with one key in JWK form. */
export function isBareSignatureRight(
  jwk: Readonly<Record<string, unknown>>,
  message: Buffer,
  signature: Buffer,
): boolean {
  const key = readVerificationKey(jwk, supportedAlgorithms)
  return key !== undefined && isSignatureRight(key, message, signature)
}

function readHeader(bytes: Buffer): ReturnType<typeof readTokenHeader> | undefined {
  try {
    return readTokenHeader(readJsonObject(bytes))
  } catch (error) {
    if (error instanceof TokenError) return undefined
    throw error
  }
}

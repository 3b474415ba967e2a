import { createPublicKey, type KeyObject } from 'node:crypto'
import { type AlgorithmRow, findAlgorithm, type SignatureAlgorithm } from './algorithms.ts'
import { decodeBase64url, isAscii } from './base64url.ts'
import { toPssKey } from './rsa-pss-key.ts'
import { isSmallOrderPoint, isWeakRsaModulus } from './weak-keys.ts'

/** A public key that verifies one algorithm. */
export interface VerificationKey {
  readonly id: string | undefined
  readonly algorithm: AlgorithmRow
  readonly key: KeyObject
  /** Bytes of a signature made with it. */
  readonly signatureBytes: number
  /** The one issuer it may sign for, where the set says so (Entra ID). May hold `{tenantid}`. */
  readonly issuer: string | undefined
  /** Set once a newer key set no longer has it. */
  withdrawn: boolean
}

/** Longest key id that is looked up, in characters. */
export const maxKeyIdLength = 256

/** Members that only a private or symmetric key has (RFC 7518 sections 6.2.2, 6.3.2, 6.4.1; RFC 8037 section 2). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Takes a public key out of one entry of a key set (RFC 7517 section 4), or gives `undefined` when the entry is not a
 * sound public key for signatures: private or symmetric, for another use, of an algorithm that is not allowed, RSA
 * below 2048 bits or with a small exponent, a point off its curve or of small order.
 *
 * @param allowed Algorithms of the issuer. A key that names none gets the first of these that fits its type.
 */
export function readVerificationKey(
  entry: unknown,
  allowed: readonly SignatureAlgorithm[],
): VerificationKey | undefined {
  if (!isObject(entry) || secretMembers.some((name) => name in entry) || !isForSignatures(entry)) return undefined
  const { kid, issuer } = entry
  if (kid !== undefined && !isKeyId(kid)) return undefined
  if (issuer !== undefined && typeof issuer !== 'string') return undefined
  const algorithm = algorithmOf(entry, allowed)
  if (algorithm === undefined) return undefined
  const key = importers[algorithm.keyType](entry, algorithm)
  if (key === undefined) return undefined
  const signatureBytes = algorithm.signatureBytes ?? Math.ceil(modulusBits(key) / 8)
  return { id: kid, algorithm, key, signatureBytes, issuer, withdrawn: false }
}

/** A key id that can be looked up: a string of 1 to 256 characters. */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxKeyIdLength
}

function isForSignatures({ use, key_ops: operations }: Record<string, unknown>): boolean {
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
  )
}

function algorithmOf(entry: Record<string, unknown>, allowed: readonly SignatureAlgorithm[]): AlgorithmRow | undefined {
  const names = entry.alg === undefined ? allowed : [entry.alg]
  const rows = names.map(findAlgorithm).filter((row) => row !== undefined)
  const isAllowed = (row: AlgorithmRow) => allowed.some((name) => findAlgorithm(name) === row)
  return rows.find(
    (row) => row.keyType === entry.kty && (row.curve === undefined || row.curve === entry.crv) && isAllowed(row),
  )
}

type Importer = (entry: Record<string, unknown>, algorithm: AlgorithmRow) => KeyObject | undefined

const importers: Readonly<Record<AlgorithmRow['keyType'], Importer>> = {
  RSA: (entry, algorithm) => {
    const modulus = bytesOf(entry.n)
    const exponent = bytesOf(entry.e)
    if (modulus === undefined || exponent === undefined || isWeakRsaModulus(modulus) || !isSoundExponent(exponent))
      return undefined
    const key = importJwk({ kty: 'RSA', n: entry.n, e: entry.e })
    if (key === undefined) return undefined
    return algorithm.name === 'PS256' ? toPssKey(key) : key
  },
  EC: ({ crv, x, y }, { signatureBytes = 0 }) =>
    bytesOf(x)?.length === signatureBytes / 2 && bytesOf(y)?.length === signatureBytes / 2
      ? importJwk({ kty: 'EC', crv, x, y })
      : undefined,
  OKP: ({ crv, x }) => {
    const point = bytesOf(x)
    return point?.length === 32 && !isSmallOrderPoint(point) ? importJwk({ kty: 'OKP', crv, x }) : undefined
  },
}

/** At least 65537 (larger than 16 bits), at most 64 bits, odd. */
function isSoundExponent(exponent: Buffer): boolean {
  return exponent.length >= 3 && exponent.length <= 8 && exponent[0] !== 0 && ((exponent.at(-1) ?? 0) & 1) === 1
}

function modulusBits(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0
}

function bytesOf(value: unknown): Buffer | undefined {
  return typeof value === 'string' && isAscii(value) ? decodeBase64url(value) : undefined
}

function importJwk(jwk: Record<string, unknown>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { createHash } from 'node:crypto'
import { type AlgorithmRow, findAlgorithm, type SignatureAlgorithm } from '../algorithms.ts'
import { BoundedMap } from '../bounded-map.ts'
import { isObject } from '../claim-values.ts'
import { readCompactJws, readJwsPart } from '../compact-jws.ts'
import { ownCopy } from '../own-copy.ts'
import { isSignatureRight } from '../signature.ts'
import { refuse } from '../token-error.ts'
import { readVerificationKey, type VerificationKey } from '../verification-key.ts'
import { jwkThumbprint } from './jwk-thumbprint.ts'

/** The key of a proof, and its thumbprint. */
export interface ProofKey {
  readonly key: VerificationKey
  readonly thumbprint: string
  /** The header as it is written, by which the key is found again. */
  readonly encodedHeader: string
}

/** The claims of a proof whose signature was right (RFC 9449 section 4.2). */
export interface ProofClaims {
  readonly jti: string
  readonly htm: string
  readonly htu: string
  readonly iat: number
  readonly ath: string | undefined
  readonly nonce: string | undefined
}

/** A proof that was signed with the key it carries. Nothing has been compared with the request yet. */
export interface SignedProof {
  readonly claims: ProofClaims
  readonly proofKey: ProofKey
}

/** Longest proof that is looked at, in characters. */
const maxProofLength = 8192

/** Longest `jti` that is remembered, in characters. */
const maxTokenIdLength = 256

/** Keys of proofs that fitted their tokens. */
const maxProofKeys = 2000

/** Header members that change how a proof is to be read. */
const readingChangers = ['crit', 'b64', 'zip', 'enc', 'cty']

/**
 * Reads DPoP proofs and verifies their signatures. A client uses one header for all of its proofs, so the key in it is
 * read once and then found by the header as it is written.
 */
export class ProofReader {
  readonly #algorithms: readonly SignatureAlgorithm[]
  readonly #keys = new BoundedMap<ProofKey>(maxProofKeys)
  // Stryker disable next-line all: a key that is not remembered is read again.
  readonly #keep = (proofKey: ProofKey): void => this.#keys.set(proofKey.encodedHeader, proofKey)

  constructor(algorithms: readonly SignatureAlgorithm[]) {
    this.#algorithms = algorithms
  }

  /**
   * Reads one proof: checks 2 to 7 of RFC 9449 section 4.3.
   *
   * @throws {TokenError} `proof_malformed`, `proof_key_unsuitable`, `proof_signature_invalid`.
   */
  read(compact: unknown): SignedProof {
    if (typeof compact !== 'string' || compact.length > maxProofLength) return refuseShape()
    const jws = readCompactJws(compact)
    if (typeof jws !== 'object') return refuseShape()
    const { encodedHeader, encodedPayload, signed, signature } = jws
    const proofKey = this.#keys.recall(encodedHeader, this.#keep) ?? this.#readHeader(encodedHeader)
    const claims = readProofClaims(readPart(encodedPayload))
    if (!isSignatureRight(proofKey.key, signed, signature)) {
      refuse('proof_signature_invalid', 'the signature of the DPoP proof does not fit the key in it')
    }
    return { claims, proofKey }
  }

  /** Remembers the key of a proof that fitted its token, and only then: others cannot fill the memory. */
  // Stryker disable next-line all: likewise.
  remember({ proofKey }: SignedProof): void {
    // Stryker disable next-line all: a key that is not remembered is read again.
    if (this.#keys.get(proofKey.encodedHeader) === undefined) this.#keep(proofKey)
  }

  #readHeader(encodedHeader: string): ProofKey {
    const header = readPart(encodedHeader)
    if (header === undefined || header.typ !== 'dpop+jwt')
      refuse('proof_malformed', '"typ" of a DPoP proof must be dpop+jwt')
    if (readingChangers.some((name) => name in header))
      refuse('proof_malformed', 'the header of a DPoP proof must not change its reading')
    const { alg, jwk } = header
    const algorithm = findAlgorithm(alg)
    if (!isAllowed(algorithm, this.#algorithms)) {
      return refuse('proof_key_unsuitable', `"alg" of a DPoP proof must be ${this.#algorithms.join(' or ')}`)
    }
    const key = isObject(jwk) ? readVerificationKey({ ...jwk, alg }, [algorithm.name]) : undefined
    if (key === undefined || !isObject(jwk)) {
      return refuse('proof_key_unsuitable', '"jwk" of a DPoP proof must be a sound public key for its "alg"')
    }
    return { key, thumbprint: jwkThumbprint(jwk, algorithm.keyType), encodedHeader: ownCopy(encodedHeader) }
  }
}

/** SHA-256 of an access token as proofs carry it in `ath` (RFC 9449 section 4.2). */
export function accessTokenHash(compactToken: string): string {
  return createHash('sha256').update(compactToken, 'latin1').digest('base64url')
}

function isAllowed(row: AlgorithmRow | undefined, allowed: readonly SignatureAlgorithm[]): row is AlgorithmRow {
  return row !== undefined && allowed.some((name) => findAlgorithm(name) === row)
}

function readProofClaims(claims: Record<string, unknown> | undefined): ProofClaims {
  if (claims === undefined) return refuseShape()
  const { jti, htm, htu, iat, ath, nonce } = claims
  const isComplete =
    isText(jti) && jti.length <= maxTokenIdLength && isText(htm) && isText(htu) && typeof iat === 'number'
  if (!isComplete || !isTextOrAbsent(ath) || !isTextOrAbsent(nonce)) {
    return refuse('proof_malformed', 'a DPoP proof must have jti, htm, htu and iat (RFC 9449 section 4.2)')
  }
  return { jti, htm, htu, iat, ath, nonce }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function readPart(encoded: string): Record<string, unknown> | undefined {
  const part = readJwsPart(encoded)
  return part === 'not base64url' ? refuseShape() : part
}

function refuseShape(): never {
  refuse('proof_malformed', 'a DPoP proof must be one JWS of three parts')
}

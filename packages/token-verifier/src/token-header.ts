import { type AlgorithmRow, findAlgorithm } from './algorithms.ts'
import { refuse } from './token-error.ts'
import { isKeyId } from './verification-key.ts'

/** What a JOSE header says that matters here. Everything else in it is left alone: `jwk`, `jku`, `x5u`, `x5c` are never used. */
export interface TokenHeader {
  readonly algorithm: AlgorithmRow
  readonly keyId: string | undefined
  /** `typ` in lower case without `application/` (RFC 7515 section 4.1.9). */
  readonly type: string | undefined
  /** True when the header has a `nonce`, as tokens for Microsoft Graph do: nobody else can verify those. */
  readonly hasNonce: boolean
}

/**
 * Reads a JOSE header (RFC 7515 section 4).
 *
 * @param header What the strict JSON reader made of it.
 * @throws {TokenError} `header_invalid`, `header_not_understood`, `algorithm_not_allowed`.
 */
export function readTokenHeader(header: Record<string, unknown> | undefined): TokenHeader {
  if (header === undefined)
    refuse('header_invalid', 'the header must be a JSON object, strictly written (RFC 7515 section 4)')
  const { alg, kid, typ } = header
  if (changesReading(header)) {
    refuse('header_not_understood', 'the header must not have crit, b64, zip, enc or cty')
  }
  const algorithm = findAlgorithm(alg)
  if (algorithm === undefined)
    refuse('algorithm_not_allowed', '"alg" must be an asymmetric algorithm that is allowed here')
  if (kid !== undefined && !isKeyId(kid)) refuse('header_invalid', '"kid" must be a string of 1 to 256 characters')
  if (typ !== undefined && typeof typ !== 'string') refuse('header_invalid', '"typ" must be a string')
  return {
    algorithm,
    keyId: kid,
    type: typ === undefined ? undefined : mediaType(typ),
    hasNonce: header.nonce !== undefined,
  }
}

/** Members that change how a token is to be read. Ignoring one would be to read it wrongly. */
function changesReading({ crit, b64, zip, enc, cty }: Readonly<Record<string, unknown>>): boolean {
  return crit !== undefined || b64 !== undefined || zip !== undefined || enc !== undefined || cty !== undefined
}

/** Media types are compared without regard to case, and without `application/` (RFC 7515 section 4.1.9). */
function mediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '')
}

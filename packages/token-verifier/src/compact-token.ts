import { readCompactJws, readJwsPart } from './compact-jws.ts'
import { refuse } from './token-error.ts'
import { readTokenHeader, type TokenHeader } from './token-header.ts'

/** A signed access token, read but not trusted: nothing here has been verified. */
export interface UnverifiedToken {
  readonly compact: string
  readonly header: TokenHeader
  /** False when the header is one that was seen on a verified token before. */
  readonly isHeaderNew: boolean
  readonly claims: Record<string, unknown>
  /** What was signed. The bytes are in memory that the next token is read into: {@link keepBytes} before waiting. */
  readonly signed: Buffer
  /** Likewise. */
  readonly signature: Buffer
}

/** Headers that were seen on tokens whose signature was right, by their encoded form. */
export interface KnownHeaders {
  get(encoded: string): TokenHeader | undefined
}

/**
 * Reads an access token strictly. `undefined` when the text is something else altogether, which an opaque token is;
 * `'key unknown'` when its key id is one that cannot be right.
 *
 * @param compact Up to `longestJws` characters.
 * @param isKeyUnknown Asked before the payload is read, about a header that is new.
 * @throws {TokenError} `malformed`, `encrypted`, `header_invalid`, `header_not_understood`, `algorithm_not_allowed`,
 *   `payload_invalid`. The message never says anything about the content.
 */
export function readCompactToken(
  compact: string,
  known: KnownHeaders,
  isKeyUnknown: (keyId: string | undefined) => boolean,
): UnverifiedToken | 'key unknown' | undefined {
  const jws = readCompactJws(compact)
  if (jws === undefined) return refuseEncrypted(compact)
  if (jws === 'malformed') return refuse('malformed', shapeMessage)
  const knownHeader = known.get(jws.encodedHeader)
  const header = knownHeader ?? readTokenHeader(readPart(jws.encodedHeader))
  if (knownHeader === undefined && isKeyUnknown(header.keyId)) return 'key unknown'
  const claims = readPart(jws.encodedPayload)
  if (claims === undefined) refuse('payload_invalid', payloadMessage)
  const { signed, signature } = jws
  // Stryker disable next-line all: a header that is not remembered is read again.
  return { compact, header, isHeaderNew: knownHeader === undefined, claims, signed, signature }
}

/** The token with its bytes in memory of their own. */
export function keepBytes(token: UnverifiedToken): UnverifiedToken {
  return { ...token, signed: Buffer.from(token.signed), signature: Buffer.from(token.signature) }
}

/**
 * @throws {TokenError} `malformed` when `token` is no string or empty, `too_long` above `maxLength`.
 */
export function checkTokenText(token: unknown, maxLength: number): asserts token is string {
  if (typeof token !== 'string' || token === '') {
    refuse('malformed', 'the access token must be a string that is not empty')
  }
  if (token.length > maxLength) refuse('too_long', `the access token must not be longer than ${maxLength} characters`)
}

const shapeMessage =
  'the access token must have three parts of base64url without padding, joined by dots (RFC 7515 section 7.1)'
const payloadMessage = 'the payload must be a JSON object, strictly written (RFC 7519 section 7.2)'

function readPart(encoded: string): Record<string, unknown> | undefined {
  const part = readJwsPart(encoded)
  return part === 'not base64url' ? refuse('malformed', shapeMessage) : part
}

/** Five parts are a JWE (RFC 7516 section 7.1): never decrypted, so that no unsigned claims hide in one. */
function refuseEncrypted(compact: string): undefined {
  if (compact.split('.', 6).length !== 5) return undefined
  refuse('encrypted', 'the access token is encrypted; signed access tokens are accepted')
}

import { decodeBase64url, isAscii } from './base64url.ts'
import { readJsonObject } from './strict-json.ts'
import { refuse } from './token-error.ts'
import type { TokenHeader } from './token-header.ts'
import { readTokenHeader } from './token-header.ts'

/** The parts of a compact JWS (RFC 7515 section 7.1), read but not trusted: nothing here has been verified. */
export interface UnverifiedToken {
  readonly compact: string
  readonly header: TokenHeader
  readonly claims: Record<string, unknown>
  readonly signature: Buffer
  /** Where the signature begins in `compact`. */
  readonly signedLength: number
}

/** Headers that were seen on tokens whose signature was right, by their encoded form. */
export interface KnownHeaders {
  get(encoded: string): TokenHeader | undefined
}

/**
 * Takes a compact JWS apart and reads it strictly. `undefined` when the text is something else altogether, which an
 * opaque token is.
 *
 * @throws {TokenError} `malformed`, `encrypted`, `header_invalid`, `header_not_understood`, `algorithm_not_allowed`,
 *   `payload_invalid`. The message never says anything about the content.
 */
export function readCompactToken(compact: string, known: KnownHeaders): UnverifiedToken | undefined {
  const firstDot = compact.indexOf('.')
  const secondDot = compact.indexOf('.', firstDot + 1)
  if (firstDot < 0 || secondDot < 0 || compact.indexOf('.', secondDot + 1) >= 0) return refuseEncrypted(compact)
  if (!isAscii(compact)) refuse('malformed', shapeMessage)
  const signature = decodePart(compact.slice(secondDot + 1))
  const encodedHeader = compact.slice(0, firstDot)
  const header = known.get(encodedHeader) ?? readTokenHeader(decodePart(encodedHeader))
  const claims = readJsonObject(decodePart(compact.slice(firstDot + 1, secondDot)))
  if (claims === undefined)
    refuse('payload_invalid', 'the payload must be a JSON object, strictly written (RFC 7519 section 7.2)')
  return { compact, header, claims, signature, signedLength: secondDot }
}

/**
 * @throws {TokenError} `malformed` when `token` is no string or empty, `too_long` above `maxLength`.
 */
export function checkTokenText(token: unknown, maxLength: number): asserts token is string {
  if (typeof token !== 'string' || token === '')
    refuse('malformed', 'the access token must be a string that is not empty')
  if (token.length > maxLength) refuse('too_long', `the access token must not be longer than ${maxLength} characters`)
}

const shapeMessage =
  'the access token must have three parts of base64url without padding, joined by dots (RFC 7515 section 7.1)'

function decodePart(text: string): Buffer {
  return (text === '' ? undefined : decodeBase64url(text)) ?? refuse('malformed', shapeMessage)
}

/** Five parts are a JWE (RFC 7516 section 7.1): never decrypted, so that no unsigned claims hide in one. */
function refuseEncrypted(compact: string): undefined {
  if (compact.split('.', 6).length !== 5) return undefined
  refuse('encrypted', 'the access token is encrypted; signed access tokens are accepted')
}

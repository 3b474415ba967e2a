import { decodeBase64urlInto } from './base64url.ts'
import { readJsonObject } from './strict-json.ts'
import { refuse } from './token-error.ts'
import { readTokenHeader, type TokenHeader } from './token-header.ts'

/** The parts of a compact JWS (RFC 7515 section 7.1), read but not trusted: nothing here has been verified. */
export interface UnverifiedToken {
  readonly compact: string
  readonly header: TokenHeader
  readonly claims: Record<string, unknown>
  /** False when the header is one that was seen on a verified token before. */
  readonly isHeaderNew: boolean
  /** What was signed. The bytes are in memory that the next token is read into: {@link keepBytes} before waiting. */
  readonly signed: Buffer
  /** Likewise. */
  readonly signature: Buffer
}

/** Headers that were seen on tokens whose signature was right, by their encoded form. */
export interface KnownHeaders {
  get(encoded: string): TokenHeader | undefined
}

/** Longest token that can be read, in characters. */
export const longestToken = 65_536

/** Every token is read in here, one after the other: nothing is allocated for its bytes, and none stay. */
const workspace = Buffer.allocUnsafeSlow(3 * longestToken)

/**
 * Takes a compact JWS apart and reads it strictly. `undefined` when the text is something else altogether, which an
 * opaque token is.
 *
 * @param compact Up to {@link longestToken} characters.
 * @param checkKeyId Asked before the payload is read, about a header that is new: may refuse.
 * @throws {TokenError} `malformed`, `encrypted`, `header_invalid`, `header_not_understood`, `algorithm_not_allowed`,
 *   `payload_invalid`. The message never says anything about the content.
 */
export function readCompactToken(
  compact: string,
  known: KnownHeaders,
  checkKeyId: (keyId: string | undefined) => void,
): UnverifiedToken | undefined {
  const firstDot = compact.indexOf('.')
  const secondDot = compact.indexOf('.', firstDot + 1)
  if (firstDot < 0 || secondDot < 0 || compact.indexOf('.', secondDot + 1) >= 0) return refuseEncrypted(compact)
  // A text of other than ASCII characters takes more bytes than it has characters, or does not fit.
  if (workspace.write(compact, 0, 'utf8') !== compact.length) refuse('malformed', shapeMessage)
  const signatureEnd = decodePart(compact.slice(secondDot + 1), compact.length)
  const encodedHeader = compact.slice(0, firstDot)
  const knownHeader = known.get(encodedHeader)
  const header = knownHeader ?? readHeader(encodedHeader, signatureEnd)
  if (knownHeader === undefined) checkKeyId(header.keyId)
  const payloadEnd = decodePart(compact.slice(firstDot + 1, secondDot), signatureEnd)
  const claims = readJsonObject(workspace, signatureEnd, payloadEnd)
  if (claims === undefined) refuse('payload_invalid', payloadMessage)
  return {
    compact,
    header,
    claims,
    isHeaderNew: knownHeader === undefined,
    signed: workspace.subarray(0, secondDot),
    signature: workspace.subarray(compact.length, signatureEnd),
  }
}

/** The token with its bytes in memory of their own. */
export function keepBytes(token: UnverifiedToken): UnverifiedToken {
  return { ...token, signed: Buffer.from(token.signed), signature: Buffer.from(token.signature) }
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
const payloadMessage = 'the payload must be a JSON object, strictly written (RFC 7519 section 7.2)'

function readHeader(encoded: string, at: number): TokenHeader {
  return readTokenHeader(readJsonObject(workspace, at, decodePart(encoded, at)))
}

/** Decodes a part into the workspace, and gives its end there. */
function decodePart(text: string, at: number): number {
  const length = text === '' ? -1 : decodeBase64urlInto(workspace, at, text)
  return length < 0 ? refuse('malformed', shapeMessage) : at + length
}

/** Five parts are a JWE (RFC 7516 section 7.1): never decrypted, so that no unsigned claims hide in one. */
function refuseEncrypted(compact: string): undefined {
  if (compact.split('.', 6).length !== 5) return undefined
  refuse('encrypted', 'the access token is encrypted; signed access tokens are accepted')
}

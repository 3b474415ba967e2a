import { decodeBase64urlInto } from './base64url.ts'
import { readJsonObject } from './strict-json.ts'

/**
 * The three parts of a compact JWS (RFC 7515 section 7.1). The bytes are in memory that the next one is read into: copy
 * them before waiting.
 */
export interface CompactJws {
  readonly encodedHeader: string
  readonly encodedPayload: string
  /** What was signed: header and payload, as they are written. */
  readonly signed: Buffer
  readonly signature: Buffer
}

/** Longest text that can be read, in characters. */
export const longestJws = 65_536

/** Everything is read in here, one after the other: nothing is allocated for the bytes, and none stay. */
const workspace = Buffer.allocUnsafeSlow(3 * longestJws)

/** Where there is room for the next part. */
let free = 0

/** True when the text has three parts, whatever they are. */
export function hasThreeParts(compact: string): boolean {
  const secondDot = compact.indexOf('.', compact.indexOf('.') + 1)
  return secondDot > 0 && compact.indexOf('.', secondDot + 1) < 0
}

/**
 * Takes a compact JWS apart. `undefined` when the text is not ASCII or the signature not base64url.
 *
 * @param compact Up to {@link longestJws} characters, with {@link hasThreeParts}.
 */
export function readCompactJws(compact: string): CompactJws | undefined {
  const firstDot = compact.indexOf('.')
  const secondDot = compact.indexOf('.', firstDot + 1)
  // A text of other than ASCII characters takes more bytes than it has characters.
  if (workspace.write(compact, 0, 'utf8') !== compact.length) return undefined
  const length = decode(compact.slice(secondDot + 1), compact.length)
  if (length < 0) return undefined
  free = compact.length + length
  return {
    encodedHeader: compact.slice(0, firstDot),
    encodedPayload: compact.slice(firstDot + 1, secondDot),
    signed: workspace.subarray(0, secondDot),
    signature: workspace.subarray(compact.length, free),
  }
}

/**
 * Reads a part of the JWS that was taken apart last: `'not base64url'`, `undefined` when it is no JSON object that is
 * strictly written, or the object.
 */
export function readJwsPart(encoded: string): Record<string, unknown> | 'not base64url' | undefined {
  const length = decode(encoded, free)
  return length < 0 ? 'not base64url' : readJsonObject(workspace, free, free + length)
}

function decode(encoded: string, at: number): number {
  return encoded === '' ? -1 : decodeBase64urlInto(workspace, at, encoded)
}

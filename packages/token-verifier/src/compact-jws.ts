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

/** A text takes up to three bytes for each character, before it is known to be ASCII; then only the first third is used. */
const signatureAt = longestJws
const partAt = 2 * longestJws

/**
 * Takes a compact JWS apart. `undefined` when the text has another number of parts, `'malformed'` when it is not ASCII or
 * the signature not base64url.
 *
 * @param compact Up to {@link longestJws} characters.
 */
export function readCompactJws(compact: string): CompactJws | 'malformed' | undefined {
  const firstDot = compact.indexOf('.')
  const secondDot = compact.indexOf('.', firstDot + 1)
  if (secondDot === -1 || compact.indexOf('.', secondDot + 1) !== -1) return undefined
  // A text of other than ASCII characters takes more bytes than it has characters.
  if (workspace.write(compact, 0, 'utf8') !== compact.length) return 'malformed'
  const length = decode(compact.slice(secondDot + 1), signatureAt)
  if (length === -1) return 'malformed'
  return {
    encodedHeader: compact.slice(0, firstDot),
    encodedPayload: compact.slice(firstDot + 1, secondDot),
    signed: signedParts.of(secondDot),
    signature: signatures.of(length),
  }
}

/**
 * Reads a part of a JWS: `'not base64url'`, `undefined` when it is no JSON object that is strictly written, or the object.
 */
export function readJwsPart(encoded: string): Record<string, unknown> | 'not base64url' | undefined {
  const length = decode(encoded, partAt)
  return length === -1 ? 'not base64url' : readJsonObject(workspace, partAt, partAt + length)
}

function decode(encoded: string, at: number): number {
  return encoded === '' ? -1 : decodeBase64urlInto(workspace, at, encoded)
}

/** Views of the workspace from one place on. Tokens of an issuer have few lengths, and a new view costs more than a known one. */
class Views {
  readonly #at: number
  readonly #byLength = new Map<number, Buffer>()

  constructor(at: number) {
    this.#at = at
  }

  of(length: number): Buffer {
    // Stryker disable all: a view is the same whether it was remembered or made anew.
    const known = this.#byLength.get(length)
    if (known !== undefined) return known
    if (this.#byLength.size >= maxViews) this.#byLength.clear()
    const view = workspace.subarray(this.#at, this.#at + length)
    this.#byLength.set(length, view)
    return view
    // Stryker restore all
  }
}

const maxViews = 512
const signedParts = new Views(0)
const signatures = new Views(signatureAt)

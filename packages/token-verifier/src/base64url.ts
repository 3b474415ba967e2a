/**
 * Decodes base64url exactly as RFC 4648 section 5 writes it without padding: its alphabet only, no padding, unused
 * bits zero. Anything else is `undefined`, so that one value has one spelling (RFC 4648 section 3.5).
 *
 * The text must be ASCII: {@link isAscii}.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(decodedLength(text.length))
  return decodeBase64urlInto(bytes, 0, text) === bytes.length ? bytes : undefined
}

/**
 * The same into a buffer that is there already and has room enough.
 *
 * @returns The number of bytes; -1 when the text is not base64url.
 */
export function decodeBase64urlInto(buffer: Buffer, offset: number, text: string): number {
  if (!hasZeroPadBits(text) || text.includes('+') || text.includes('/')) return -1
  // The platform's decoder skips what it does not know, which shows in the length, and takes + and / too.
  const length = buffer.write(text, offset, 'base64url')
  return length === decodedLength(text.length) ? length : -1
}

/** True when no character needs more than seven bits. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') === text.length
}

function decodedLength(characters: number): number {
  return Math.floor((characters * 3) / 4)
}

/** Last characters whose unused bits are zero, by the number of characters in the last group. */
const lastCharacters: readonly (string | undefined)[] = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048']

function hasZeroPadBits(text: string): boolean {
  const allowed = lastCharacters[text.length % 4]
  return allowed === undefined || allowed.includes(text.charAt(text.length - 1))
}

/**
 * Decodes base64url exactly as RFC 4648 section 5 writes it without padding: its alphabet only, no padding, unused
 * bits zero. Anything else is `undefined`, so that one value has one spelling (RFC 4648 section 3.5).
 *
 * The text must be ASCII: {@link isAscii}.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  if (!hasZeroPadBits(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  // The platform's decoder skips what it does not know, and takes + and / too: the first shows in the length.
  return bytes.length === Math.floor((text.length * 3) / 4) && !text.includes('+') && !text.includes('/')
    ? bytes
    : undefined
}

/** True when no character needs more than seven bits. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text, 'utf8') === text.length
}

/** Last characters whose unused bits are zero, by the number of characters in the last group. */
const lastCharacters: readonly (string | undefined)[] = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048']

function hasZeroPadBits(text: string): boolean {
  const allowed = lastCharacters[text.length % 4]
  return allowed === undefined || (allowed !== '' && allowed.includes(text.charAt(text.length - 1)))
}

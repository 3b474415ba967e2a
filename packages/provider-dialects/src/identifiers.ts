import { createHash } from 'node:crypto'

/** A GUID that is always the same for the same text, as a directory gives each object one for life. */
export function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Text of one alphabet, always the same for the same seed. */
export function textOf(seed: string, alphabet: string, length: number): string {
  const bytes = createHash('sha512').update(seed).digest()
  return Array.from({ length }, (_, index) => alphabet[(bytes[index] ?? 0) % alphabet.length]).join('')
}

/** The alphabets of the providers' identifiers. */
export const alphabets = {
  digits: '0123456789',
  hex: '0123456789abcdef',
  letters: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
} as const

/** A pairwise subject: another one for each client (OpenID Connect Core 1.0 section 8.1). */
export function pairwiseOf(subject: string, clientId: string): string {
  return createHash('sha256').update(`${clientId} ${subject}`).digest('base64url')
}

import { createHash } from 'node:crypto'

/** Members that make up a thumbprint, in the order in which they are hashed (RFC 7638 section 3.2, RFC 8037 section 2). */
const members = {
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
} as const

/** SHA-256 thumbprint of a public key, base64url (RFC 7638). The key must be sound. */
export function jwkThumbprint(jwk: Readonly<Record<string, unknown>>, keyType: keyof typeof members): string {
  const hashed = JSON.stringify(Object.fromEntries(members[keyType].map((name) => [name, jwk[name]])))
  return createHash('sha256').update(hashed).digest('base64url')
}

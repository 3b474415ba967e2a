import { encodePart, testKeys } from '@mcp-identity/test-kit'
import { CompactEncrypt, type CompactJWEHeaderParameters } from 'jose'
import { type RefusedCase, valid, validToken } from '../refused-case.ts'

const unsignedClaims = Buffer.from(JSON.stringify(valid.claims))
const unsecured = Buffer.from(`${encodePart({ alg: 'none' })}.${encodePart(valid.claims)}.`)

async function encrypt(content: Uint8Array, header: CompactJWEHeaderParameters): Promise<string> {
  const key = header.alg === 'dir' ? Buffer.alloc(16) : testKeys.encryption.publicKey
  return new CompactEncrypt(content).setProtectedHeader(header).encrypt(key)
}

function refused(title: string, token: string): RefusedCase {
  return {
    title,
    source: 'RFC 7516 section 7.1, CVE-2026-29000, CVE-2024-28176, CVE-2023-52428',
    token,
    reason: 'encrypted',
  }
}

const toIssuer: CompactJWEHeaderParameters = { alg: 'RSA-OAEP', enc: 'A256GCM', kid: testKeys.encryption.kid }
const filler = '.AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA'

/** JWE: encryption hides claims, and proves nothing about who wrote them. */
export const encryptedTokenAttacks: readonly RefusedCase[] = [
  refused('rejects unsigned claims encrypted to the published key', await encrypt(unsignedClaims, toIssuer)),
  refused(
    'rejects an unsecured token encrypted to the published key',
    await encrypt(unsecured, { ...toIssuer, cty: 'JWT' }),
  ),
  refused(
    'rejects a valid token that is encrypted',
    await encrypt(Buffer.from(validToken), { ...toIssuer, cty: 'JWT' }),
  ),
  refused('rejects claims under a shared key', await encrypt(unsignedClaims, { alg: 'dir', enc: 'A128GCM' })),
  refused(
    'rejects compressed content without unpacking it',
    `${encodePart({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' })}${filler}`,
  ),
  refused(
    'rejects a password that takes 2^31 rounds',
    `${encodePart({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 - 1, p2s: 'AAAAAAAAAAA' })}${filler}`,
  ),
  refused(
    'rejects a key agreement with a point off the curve',
    `${encodePart({ alg: 'ECDH-ES', enc: 'A128GCM', epk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } })}${filler}`,
  ),
  refused('rejects a token sent twice without a break', `${validToken}${validToken}`),
  refused('rejects two tokens with a comma', `${validToken},${validToken}`),
]

import { createHash } from 'node:crypto'
import { encodeBytes, encodePart, signBytes, signWithSecret } from './assemble-token.ts'
import { testKeys } from './test-keys.ts'
import { signToken, type UnsignedToken } from './unsigned-token.ts'

/** One way to break a valid access token. Whoever accepts the result does not keep the rule. */
export interface TokenFault {
  /** What a resource server must do, to be read after "it". */
  readonly rule: string
  /** Where the rule is written. */
  readonly source: string
  readonly apply: (token: UnsignedToken) => string
}

/** Names of the faults. */
export type TokenFaultName = keyof typeof tokenFaults

/**
 * The ways in which `mintAccessToken({ fault })` breaks a token: one thing changed each.
 *
 * Holds what every resource server must refuse, whatever the provider. It is no complete attack catalogue.
 */
export const tokenFaults = {
  expired: {
    rule: 'rejects a token that has expired',
    source: 'RFC 7519 section 4.1.4',
    apply: withClaims(({ now }) => ({ iat: now - 7200, nbf: undefined, auth_time: undefined, exp: now - 3600 })),
  },
  notYetValid: {
    rule: 'rejects a token that is not valid yet',
    source: 'RFC 7519 section 4.1.5',
    apply: withClaims(({ now }) => ({ nbf: now + 3600, exp: now + 7200 })),
  },
  withoutExpiry: {
    rule: 'rejects a token without exp',
    source: 'RFC 9068 section 2.2',
    apply: withClaims(() => ({ exp: undefined })),
  },
  expiryAsString: {
    rule: 'rejects an exp that is not a number',
    source: 'RFC 7519 section 2, CVE-2026-44459',
    apply: withClaims(({ claims }) => ({ exp: String(claims.exp) })),
  },
  otherIssuer: {
    rule: 'rejects a token of an issuer it does not know',
    source: 'RFC 8725 section 3.8',
    apply: withClaims(() => ({ iss: 'https://authorization.attacker.example' })),
  },
  issuerList: {
    rule: 'rejects a list of issuers that holds the right one',
    source: 'RFC 7519 section 4.1.1, CVE-2025-30144',
    apply: withClaims(({ claims }) => ({ iss: [claims.iss] })),
  },
  issuerLookalike: {
    rule: 'rejects an issuer that only begins like the right one',
    source: 'RFC 7519 section 2 (StringOrURI is compared without canonicalisation)',
    apply: withClaims(({ claims }) => ({ iss: `${claims.iss}.attacker.example` })),
  },
  otherAudience: {
    rule: 'rejects a token that is meant for another resource server',
    source: 'RFC 8725 section 3.9',
    apply: withClaims(() => ({ aud: 'https://other.company.com/mcp', client_id: 'other-client' })),
  },
  audienceLookalike: {
    rule: 'rejects an audience that only begins like the right one',
    source: 'RFC 7519 section 4.1.3',
    apply: withClaims(({ claims }) => ({ aud: `${claims.aud}/other` })),
  },
  withoutSubject: {
    rule: 'rejects a token without sub',
    source: 'RFC 9068 section 2.2',
    apply: withClaims(({ claims }) => ({
      ...{ sub: undefined, oid: undefined, uid: undefined, upn: undefined },
      sid: String(claims.sid).startsWith('S-1-') ? undefined : claims.sid,
    })),
  },
  foreignKey: {
    rule: 'rejects a token that an unknown key signed under a known kid',
    source: 'RFC 7515 section 5.2',
    apply: (token) => signToken({ ...token, key: testKeys.attackerRsa, algorithm: 'RS256' }),
  },
  unknownKeyId: {
    rule: 'rejects a kid that the key set does not hold',
    source: 'RFC 7515 section 4.1.4',
    apply: (token) =>
      signToken({
        ...withHeader(token, { kid: testKeys.attackerRsa.kid }),
        key: testKeys.attackerRsa,
        algorithm: 'RS256',
      }),
  },
  changedClaim: {
    rule: 'rejects a token whose payload was changed after signing',
    source: 'RFC 7515 section 5.2',
    apply: (token) => replacePart(signToken(token), 1, encodePart({ ...token.claims, sub: 'administrator' })),
  },
  flippedSignatureBit: {
    rule: 'rejects a signature with one bit flipped',
    source: 'RFC 7515 section 5.2',
    apply: (token) => changeSignature(token, (signature) => signature.with(10, (signature[10] ?? 0) ^ 1)),
  },
  emptySignature: {
    rule: 'rejects a token without its signature',
    source: 'RFC 7515 section 5.2, CVE-2015-9235',
    apply: (token) => changeSignature(token, () => new Uint8Array()),
  },
  truncatedSignature: {
    rule: 'rejects a signature that is one byte short',
    source: 'RFC 8017 section 8.2.2',
    apply: (token) => changeSignature(token, (signature) => signature.subarray(0, -1)),
  },
  algorithmNone: {
    rule: 'rejects alg none',
    source: 'RFC 8725 section 3.2, CVE-2015-9235',
    apply: (token) => unsecured(withHeader(token, { alg: 'none' })),
  },
  hmacWithPublicKey: {
    rule: 'rejects HS256 keyed with the published public key',
    source: 'RFC 8725 section 2.1, CVE-2015-9235',
    apply: (token) => hmac(token, token.key.publicKey.export({ format: 'pem', type: 'spki' }).toString()),
  },
  hmacWithEmptySecret: {
    rule: 'rejects HS256 with an empty secret',
    source: 'RFC 8725 section 3.5',
    apply: (token) => hmac(token, ''),
  },
  algorithmOfAnotherFamily: {
    rule: 'rejects an algorithm that its key is not for',
    source: 'RFC 8725 section 3.1',
    apply: (token) =>
      signToken({ ...withHeader(token, { alg: 'ES256' }), key: testKeys.attackerP256, algorithm: 'ES256' }),
  },
  keyInHeader: {
    rule: 'rejects a token that brings its own key (jwk)',
    source: 'RFC 8725 section 3.10, CVE-2018-0114',
    apply: (token) => attackersOwn(token, { jwk: testKeys.attackerRsa.publicJwk }),
  },
  keySetAddressInHeader: {
    rule: 'rejects a token that says where its key is (jku), and fetches nothing',
    source: 'RFC 8725 section 3.10',
    apply: (token) => attackersOwn(token, { jku: 'https://authorization.attacker.example/jwks' }),
  },
  certificateAddressInHeader: {
    rule: 'rejects a token that says where its certificate is (x5u), and fetches nothing',
    source: 'RFC 8725 section 3.10',
    apply: (token) => attackersOwn(token, { x5u: 'https://authorization.attacker.example/certificate' }),
  },
  unknownCriticalHeader: {
    rule: 'rejects a critical header member that it does not know',
    source: 'RFC 7515 section 4.1.11, CVE-2025-59420',
    apply: (token) => signToken(withHeader(token, { crit: ['urn:example:rule'], 'urn:example:rule': true })),
  },
  unencodedPayload: {
    rule: 'rejects b64 false',
    source: 'RFC 7797 section 7, RFC 8725 section 2.7',
    apply: (token) => signToken(withHeader(token, { crit: ['b64'], b64: false })),
  },
  compressed: {
    rule: 'rejects zip on a signed token',
    source: 'RFC 8725 section 3.6',
    apply: (token) => signToken(withHeader(token, { zip: 'DEF' })),
  },
  foreignType: {
    rule: 'rejects another kind of token by its typ',
    source: 'RFC 8725 section 3.11, RFC 9068 section 4',
    apply: (token) => signToken(withHeader(token, { typ: 'secevent+jwt' })),
  },
  duplicateClaim: {
    rule: 'rejects a claim that is there twice',
    source: 'RFC 7519 section 4',
    apply: (token) => signRawPayload(token, `{"sub":"administrator",${JSON.stringify(token.claims).slice(1)}`),
  },
  trailingData: {
    rule: 'rejects a payload with something after its JSON object',
    source: 'RFC 8259 section 2',
    apply: (token) => signRawPayload(token, `${JSON.stringify(token.claims)}{}`),
  },
  invalidUtf8: {
    rule: 'rejects a payload that is not UTF-8',
    source: 'RFC 7519 section 7.2, RFC 8725 section 3.7',
    apply: (token) => signRawPayload(token, Buffer.from(JSON.stringify({ ...token.claims, note: '\u00ff' }), 'latin1')),
  },
  paddedBase64: {
    rule: 'rejects base64 padding',
    source: 'RFC 7515 section 2',
    apply: (token) => `${signToken(token)}==`,
  },
  surroundingWhitespace: {
    rule: 'rejects whitespace inside the token',
    source: 'RFC 7515 section 7.1, CVE-2026-34950',
    apply: (token) => signToken(token).replace('.', ' .'),
  },
  fourParts: {
    rule: 'rejects a token of four parts',
    source: 'RFC 7515 section 7.1',
    apply: (token) => `${signToken(token)}.e30`,
  },
  wrappedInEncryption: {
    rule: 'rejects a token of five parts (JWE)',
    source: 'RFC 7516 section 3.1, CVE-2026-29000',
    apply: (token) =>
      `${encodePart({ alg: 'dir', enc: 'A128GCM', cty: 'JWT' })}..AAAAAAAAAAAAAAAA.${encodePart(signToken(token))}.AAAAAAAAAAAAAAAAAAAAAA`,
  },
  oversized: {
    rule: 'rejects a token of a mebibyte',
    source: 'RFC 8725 section 3.15, CVE-2025-30204',
    apply: withClaims(() => ({ note: 'a'.repeat(1024 * 1024) })),
  },
  boundToAnotherKey: {
    rule: 'rejects a DPoP-bound token that comes without a proof',
    source: 'RFC 9449 section 7.2',
    apply: withClaims(() => ({ cnf: { jkt: createHash('sha256').update('nobody').digest('base64url') } })),
  },
} satisfies Record<string, TokenFault>

type Changes = Readonly<Record<string, unknown>>

function withClaims(changes: (token: UnsignedToken) => Changes): (token: UnsignedToken) => string {
  return (token) => signToken({ ...token, claims: { ...token.claims, ...changes(token) } })
}

function withHeader(token: UnsignedToken, changes: Changes): UnsignedToken {
  return { ...token, header: { ...token.header, ...changes } }
}

function attackersOwn(token: UnsignedToken, header: Changes): string {
  return signToken({ ...withHeader(token, { alg: 'RS256', ...header }), key: testKeys.attackerRsa, algorithm: 'RS256' })
}

function signRawPayload({ header, key, algorithm }: UnsignedToken, payload: string | Uint8Array): string {
  const signingInput = `${encodePart(header)}.${encodePart(payload)}`
  return `${signingInput}.${encodeBytes(signBytes(key, Buffer.from(signingInput), algorithm))}`
}

function unsecured({ header, claims }: UnsignedToken): string {
  return `${encodePart(header)}.${encodePart(claims)}.`
}

function hmac(token: UnsignedToken, secret: string): string {
  const unsigned = unsecured(withHeader(token, { alg: 'HS256' })).slice(0, -1)
  return `${unsigned}.${encodeBytes(signWithSecret(secret, Buffer.from(unsigned)))}`
}

function replacePart(token: string, index: number, part: string): string {
  return token.split('.').with(index, part).join('.')
}

function changeSignature(token: UnsignedToken, change: (signature: Uint8Array) => Uint8Array): string {
  const compact = signToken(token)
  const signature = new Uint8Array(Buffer.from(compact.split('.')[2] ?? '', 'base64url'))
  return replacePart(compact, 2, encodeBytes(change(signature)))
}

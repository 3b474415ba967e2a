import { assembleToken, encodePart, signBytes, testKeys } from '@mcp-identity/test-kit'
import { parts, type RefusedCase, valid, withHeader, withSignature } from '../refused-case.ts'

const { attackerRsa, attackerP256, attackerEd25519, rsa } = testKeys
const ownKey = 'RFC 8725 section 3.10, CVE-2018-0114, CVE-2026-34240'
const byAttacker = (input: Buffer): Uint8Array => signBytes(attackerRsa, input)
const jwksOfAttacker = 'https://authorization.attacker.example/jwks'

/** Header members by which a token brings its own key. Ignored, so the key that counts is the issuer's. */
const bringsItsKey: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'its key (jwk)': { jwk: attackerRsa.publicJwk },
  'its key, named as ours (jwk)': { jwk: { ...attackerRsa.publicJwk, kid: rsa.kid } },
  'its private key (jwk)': { jwk: attackerRsa.privateJwk },
  'the address of its key (jku)': { jku: jwksOfAttacker },
  'the address of its key on loopback (jku)': { jku: 'http://127.0.0.1:1/jwks' },
  'a file as address of its key (jku)': { jku: 'file:///dev/null' },
  'the address of its certificate (x5u)': { x5u: 'https://authorization.attacker.example/certificate' },
  'its certificate (x5c)': { x5c: [Buffer.from('certificate').toString('base64')] },
  'the thumbprint of its certificate (x5t)': { x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  'the SHA-256 thumbprint of its certificate (x5t#S256)': { 'x5t#S256': 'A'.repeat(43) },
}

const own: RefusedCase[] = Object.entries(bringsItsKey).flatMap(([what, header]) => [
  {
    title: `rejects a token that brings ${what} under a known kid`,
    source: ownKey,
    token: withSignature(byAttacker, rsa, header),
    reason: 'signature_invalid',
  },
  {
    title: `rejects a token that brings ${what} under an unknown kid`,
    source: ownKey,
    token: withSignature(byAttacker, rsa, { kid: attackerRsa.kid, ...header }),
    reason: 'key_unknown',
  },
])

const unknownKeyIds: Readonly<Record<string, string>> = {
  'the kid of a key it does not know': attackerRsa.kid,
  'the kid in capitals': rsa.kid.toUpperCase(),
  'the kid with a space after it': `${rsa.kid} `,
  'the kid with a space before it': ` ${rsa.kid}`,
  'the kid with a NUL after it': `${rsa.kid}\0`,
  'the start of the kid': rsa.kid.slice(0, -1),
  'the kid percent-encoded': rsa.kid.replace('-', '%2d'),
  'a space': ' ',
  'a path': '../../../../dev/null',
  'an absolute path': '/dev/null',
  'an address': jwksOfAttacker,
  SQL: "' UNION SELECT 'key' --",
  'an LDAP filter': '*)(uid=*',
  'a command': '|| sleep 10',
  'a template': '{{7*7}}',
  'a line feed and a header': 'key\r\nSet-Cookie: a=b',
  'the name __proto__': '__proto__',
  constructor: 'constructor',
  toString: 'toString',
  hasOwnProperty: 'hasOwnProperty',
  'the word undefined': 'undefined',
  'the word null': 'null',
  'a digit': '0',
  'letters of another script': 'tеst-only-rsa',
  '256 characters': 'k'.repeat(256),
}

const keyIds: RefusedCase[] = Object.entries(unknownKeyIds).map(([what, kid]) => ({
  title: `does not find a key by ${what}`,
  source: 'RFC 7515 section 4.1.4, RFC 8725 section 3.10',
  token: withSignature(byAttacker, rsa, { kid }),
  reason: 'key_unknown',
}))

const keyIdsOfWrongType: RefusedCase[] = Object.entries({
  'an empty string': '',
  null: null,
  'a number': 7,
  true: true,
  'a list with the right one': [rsa.kid],
  'an object': { kid: rsa.kid },
  '257 characters': 'k'.repeat(257),
  '8 KiB': 'k'.repeat(8192),
}).map(([what, kid]) => ({
  title: `rejects ${what} as kid`,
  source: 'RFC 7515 section 4.1.4',
  token: withHeader({ kid }),
  reason: 'header_invalid',
}))

const attackers: RefusedCase[] = [attackerRsa, attackerP256, attackerEd25519].map((key) => ({
  title: `rejects ${key.algorithm} by a key of nobody it knows`,
  source: 'RFC 7515 section 5.2',
  token: withHeader({}, key),
  reason: 'key_unknown',
}))

function critical(title: string, header: Readonly<Record<string, unknown>>): RefusedCase {
  return {
    title,
    source: 'RFC 7515 section 4.1.11, RFC 7797 section 7, CVE-2025-59420, CVE-2026-32597, CVE-2026-35042',
    token: withHeader(header),
    reason: 'header_not_understood',
  }
}

const criticals: RefusedCase[] = [
  critical('rejects a critical member that it does not know', { crit: ['urn:example:rule'], 'urn:example:rule': true }),
  critical('rejects a critical member that is not there', { crit: ['urn:example:rule'] }),
  critical('rejects a critical exp in the header', { crit: ['exp'], exp: 9_999_999_999 }),
  critical('rejects crit of a registered member', { crit: ['alg'] }),
  critical('rejects crit of itself', { crit: ['crit'] }),
  critical('rejects an empty crit', { crit: [] }),
  critical('rejects crit that is null', { crit: null }),
  critical('rejects crit that is a string', { crit: 'b64' }),
  critical('rejects crit that is an object', { crit: {} }),
  critical('rejects crit that is a number', { crit: 1 }),
  critical('rejects crit that is false', { crit: false }),
  critical('rejects crit with a number in it', { crit: [1] }),
  critical('rejects crit with null in it', { crit: [null] }),
  critical('rejects crit with an empty string in it', { crit: [''] }),
  critical('rejects crit with a member twice', { crit: ['b64', 'b64'], b64: true }),
  critical('rejects crit with __proto__ in it', { crit: ['__proto__'] }),
  critical('rejects a critical b64', { crit: ['b64'], b64: true }),
  critical('rejects a critical b64 that is false', { crit: ['b64'], b64: false }),
  critical('rejects b64 false that is not critical', { b64: false }),
  critical('rejects b64 true', { b64: true }),
  critical('rejects b64 that is a string', { b64: 'false' }),
  critical('rejects zip', { zip: 'DEF' }),
  critical('rejects zip that is null', { zip: null }),
  critical('rejects enc on a signed token', { enc: 'A128GCM' }),
  critical('rejects a nested token by its cty', { cty: 'JWT' }),
  critical('rejects a cty of any kind', { cty: 'application/json' }),
]

const nested: RefusedCase[] = [
  {
    title: 'rejects a token inside a signed token',
    source: 'RFC 7519 section 5.2',
    token: assembleToken({ header: valid.header, payload: withHeader({}), key: rsa }),
    reason: 'payload_invalid',
  },
  {
    title: 'rejects an unencoded payload',
    source: 'RFC 7797 section 3',
    token: `${encodePart({ ...valid.header, b64: false, crit: ['b64'] })}.$02.${parts.signature}`,
    reason: 'header_not_understood',
  },
]

/** KEY and CRIT: how a token tries to choose its key, or how it is to be read. */
export const keyAttacks: readonly RefusedCase[] = [
  ...own,
  ...keyIds,
  ...keyIdsOfWrongType,
  ...attackers,
  ...criticals,
  ...nested,
]

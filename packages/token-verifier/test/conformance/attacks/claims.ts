import { dialects, dpopConfirmation, frozenNow } from '@mcp-identity/test-kit'
import type { TokenRefusalReason } from '../../../src/index.ts'
import { openClaims, type RefusedCase, valid, withClaims, withHeader, withRawPayload } from '../refused-case.ts'

const { issuer, audience } = dialects.keycloak

function refused(
  title: string,
  source: string,
  claims: Readonly<Record<string, unknown>>,
  reason: TokenRefusalReason,
): RefusedCase {
  return { title, source, token: withClaims(claims), reason }
}

function wrongValues(
  claim: string,
  source: string,
  reason: TokenRefusalReason,
  values: Readonly<Record<string, unknown>>,
): RefusedCase[] {
  return Object.entries(values).map(([what, value]) =>
    refused(`rejects ${claim} that is ${what}`, source, { [claim]: value }, reason),
  )
}

const notNumbers = {
  'a string of digits': String(frozenNow + 60),
  'an empty string': '',
  'a date': new Date(frozenNow * 1000).toISOString(),
  null: null,
  true: true,
  false: false,
  'a list': [frozenNow + 60],
  'an object': { seconds: frozenNow + 60 },
  negative: -1,
  'in milliseconds': (frozenNow + 60) * 1000,
  'after the year 9999': 253_402_300_800,
  'the largest number': Number.MAX_VALUE,
}

const times: RefusedCase[] = [
  refused(
    'rejects a token that expired a day ago',
    'RFC 7519 section 4.1.4',
    { iat: frozenNow - 90_000, auth_time: undefined, exp: frozenNow - 86_400 },
    'expired',
  ),
  refused(
    'rejects a token that expired 6 seconds ago',
    'RFC 7519 section 4.1.4',
    { iat: frozenNow - 300, exp: frozenNow - 6 },
    'expired',
  ),
  refused('rejects a token that expired in 1970', 'RFC 7519 section 4.1.4', { exp: 1 }, 'expired'),
  refused('rejects exp zero', 'RFC 7519 section 4.1.4', { exp: 0 }, 'expired'),
  refused('rejects a token without exp', 'RFC 9068 section 2.2', { exp: undefined }, 'claim_missing'),
  refused('rejects a token without iat', 'RFC 9068 section 2.2', { iat: undefined }, 'claim_missing'),
  refused(
    'rejects a token that is valid in an hour',
    'RFC 7519 section 4.1.5',
    { nbf: frozenNow + 3600, exp: frozenNow + 7200 },
    'not_yet_valid',
  ),
  refused(
    'rejects a token that is valid in 6 seconds',
    'RFC 7519 section 4.1.5',
    { nbf: frozenNow + 6 },
    'not_yet_valid',
  ),
  refused(
    'rejects a token issued in an hour',
    'RFC 7519 section 4.1.6',
    { iat: frozenNow + 3600, exp: frozenNow + 7200 },
    'issued_in_future',
  ),
  refused('rejects a token issued in 6 seconds', 'RFC 7519 section 4.1.6', { iat: frozenNow + 6 }, 'issued_in_future'),
  refused(
    'rejects exp before iat',
    'RFC 7519 section 4.1',
    { iat: frozenNow + 4, exp: frozenNow + 3 },
    'claim_invalid',
  ),
  refused('rejects exp at iat', 'RFC 7519 section 4.1', { iat: frozenNow + 3, exp: frozenNow + 3 }, 'claim_invalid'),
  refused(
    'rejects exp before nbf',
    'RFC 7519 section 4.1',
    { nbf: frozenNow + 4, exp: frozenNow + 3 },
    'claim_invalid',
  ),
  refused(
    'rejects a token that lives a hundred years',
    'RFC 9700 section 2.2',
    { exp: frozenNow + 100 * 365 * 86_400 },
    'lifetime_too_long',
  ),
  refused(
    'rejects a token that was issued years ago and still lives',
    'RFC 9700 section 2.2',
    { iat: 1, nbf: undefined },
    'lifetime_too_long',
  ),
  ...wrongValues('exp', 'RFC 7519 section 2 (NumericDate), CVE-2026-44459', 'claim_invalid', notNumbers),
  ...wrongValues('iat', 'RFC 7519 section 2 (NumericDate), CVE-2026-44459', 'claim_invalid', notNumbers),
  ...wrongValues('nbf', 'RFC 7519 section 2 (NumericDate), CVE-2026-44459', 'claim_invalid', notNumbers),
]

/** Numbers that JSON can write and seconds cannot be. */
const writtenNumbers: RefusedCase[] = ['1e400', '-1e400', '9'.repeat(400), `1${'0'.repeat(308)}`].map((number) => ({
  title: `rejects exp written as ${number.slice(0, 8)}${number.length > 8 ? '…' : ''}`,
  source: 'RFC 7493 section 2.2',
  token: withRawPayload(`${JSON.stringify({ ...valid.claims, exp: undefined }).slice(0, -1)},"exp":${number}}`),
  reason: number.includes('e') || number.startsWith('9') ? 'payload_invalid' : 'claim_invalid',
}))

/** Strings that look like the right one and are not. */
function lookalikes(right: string): Readonly<Record<string, string>> {
  const url = new URL(right)
  return {
    'the right one with a slash': `${right}/`,
    'the right one with two slashes': `${right}//`,
    'the right one with a question mark': `${right}?`,
    'the right one with a fragment': `${right}#`,
    'the right one with a dot': `${right}.`,
    'the right one with a space after it': `${right} `,
    'the right one with a space before it': ` ${right}`,
    'the right one with a line feed': `${right}\n`,
    'the right one with a NUL': `${right}\0`,
    'the right one with a zero-width space': `${right}\u200b`,
    'the right one with more after it': `${right}-other`,
    'the right one with another host after it': `${right}.attacker.example`,
    'the right one without its last letter': right.slice(0, -1),
    'the right one without its scheme': right.replace('https://', ''),
    'the right one by http': right.replace('https:', 'http:'),
    'the right one in capitals': right.toUpperCase(),
    'the right host in capitals': right.replace(url.host, url.host.toUpperCase()),
    'the right one with its port': right.replace(url.host, `${url.host}:443`),
    'the right one with a user': right.replace('https://', 'https://user@'),
    'the right one as a user name': `https://${url.host}@attacker.example${url.pathname}`,
    'the right path on another host': `https://attacker.example${url.pathname}`,
    'a subdomain of the right one': right.replace('https://', 'https://attacker.'),
    'the right one with a dot segment': `${url.origin}/.${url.pathname}`,
    'the right one with a parent segment': `${right}/other/..`,
    'the right one, percent-encoded': right.replace('company', '%63ompany'),
    'the right one in letters of another script': right.replace('company', 'cоmpany'),
    'the right one with a combining mark': `${right}\u0301`,
    'a pattern for everything': '.*',
    'an asterisk': '*',
    'the origin alone': url.origin,
    'an empty string': '',
    'the word undefined': 'undefined',
  }
}

const notObjects = { null: null, 'a number': 7, true: true, 'a list of numbers': [7] }
const wrongTypes = { ...notObjects, 'an object': {} }

const issuers: RefusedCase[] = [
  ...wrongValues('iss', 'RFC 7519 section 2, RFC 8725 section 3.8', 'issuer_unknown', lookalikes(issuer)),
  ...wrongValues('iss', 'RFC 7519 section 4.1.1, CVE-2025-30144', 'issuer_unknown', {
    ...wrongTypes,
    missing: undefined,
    'a list with the right one': [issuer],
    'a list with the right one and another': [issuer, 'https://attacker.example'],
    'an object that holds the right one': { '0': issuer, length: 1 },
    'another realm on the same host': issuer.replace('/company', '/other'),
    'the realm of an older path': issuer.replace('/realms', '/auth/realms'),
    'the audience': audience,
  }),
]

const audiences: RefusedCase[] = [
  ...wrongValues('aud', 'RFC 7519 section 4.1.3, RFC 8725 section 3.9', 'audience_mismatch', lookalikes(audience)),
  ...wrongValues('aud', 'RFC 7519 section 4.1.3', 'claim_invalid', {
    ...wrongTypes,
    'a list with a number beside the right one': [audience, 7],
    'a list with null beside the right one': [audience, null],
    'a list with a list of the right one': [[audience]],
    'an object that holds the right one': { '0': audience, length: 1 },
  }),
  ...wrongValues('aud', 'RFC 9068 section 4', 'audience_missing', { missing: undefined, 'an empty list': [] }),
  ...wrongValues('aud', 'RFC 7519 section 4.1.3', 'audience_mismatch', {
    'another resource server': 'https://other.company.com/mcp',
    'a list of other resource servers': ['https://other.company.com/mcp', 'account'],
    'a list with an empty string': [''],
    'the default of the provider (account)': 'account',
    'the client': 'mcp-cli',
    'the issuer': issuer,
    'the right one in a list of words': `account ${audience}`,
    'the right one in a list with commas': `account,${audience}`,
    'the letters of the right one': [...audience],
    'the right one as JSON': JSON.stringify([audience]),
  }),
]

const subjects: RefusedCase[] = [
  ...['sub', 'jti', 'azp'].flatMap((claim) => [
    ...wrongValues(claim, 'RFC 7519 section 4.1, ASVS 9.2.2', 'claim_invalid', {
      ...wrongTypes,
      'a list of strings': ['a'],
    }),
    ...wrongValues(claim, 'RFC 9068 section 2.2', 'claim_missing', { missing: undefined, 'an empty string': '' }),
  ]),
  ...wrongValues('sid', 'OpenID Connect Front-Channel Logout section 3', 'claim_invalid', wrongTypes),
  ...wrongValues('client_id', 'RFC 8693 section 4.3', 'claim_invalid', wrongTypes),
  ...wrongValues('scope', 'RFC 8693 section 4.2', 'claim_invalid', {
    ...wrongTypes,
    'a list of strings': ['read:customers'],
  }),
  ...wrongValues('act', 'RFC 8693 section 4.1', 'claim_invalid', {
    ...wrongTypes,
    'a string': 'agent',
    'a list of strings': ['agent'],
    'an object without sub': { name: 'agent' },
    'a chain with a string in it': { sub: 'agent', act: 'other' },
    'a chain of 20 actors': Array.from({ length: 20 }).reduce<unknown>(
      (act) => ({ sub: 'agent', ...(act ? { act } : {}) }),
      undefined,
    ),
  }),
  ...wrongValues('groups', 'RFC 7643 section 4.1.2', 'claim_invalid', {
    null: null,
    'a number': 7,
    'an object': {},
    'a list of numbers': [7],
    'a list of objects': [{}],
  }),
  ...wrongValues('resource_access', 'Keycloak client roles', 'claim_invalid', {
    'a string': 'admin',
    'a list': ['admin'],
    'an object with roles that are no list': { [audience]: { roles: 'admin' } },
    'an object with roles that are numbers': { [audience]: { roles: [1] } },
  }),
]

const types: RefusedCase[] = [
  ...[
    'logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'oauth-authz-req+jwt',
    'client-authentication+jwt',
    'token-introspection+jwt',
    'jwt-bearer',
    'rt+jwt',
    'id_token',
    'vc+jwt',
    'sd+jwt',
    'dc+sd-jwt',
    'entity-statement+jwt',
    'application/secevent+jwt',
    'jose',
    'JOSE+JSON',
    'JWS',
    'text/plain',
    'oauth-id-jag+jwt',
    'kb+jwt',
    'at+jwt;charset=utf-8',
    'at jwt',
    'at+jwt ',
    'xJWT',
    'Japplication/WT',
    '',
  ].map(
    (typ): RefusedCase => ({
      title: `rejects typ ${JSON.stringify(typ)}`,
      source: 'RFC 9068 section 4, RFC 8725 section 3.11',
      token: withHeader({ typ }),
      reason: 'not_an_access_token',
    }),
  ),
  ...Object.entries({
    null: null,
    'a number': 7,
    true: true,
    'a list with the right one': ['JWT'],
    'an object': {},
  }).map(
    ([what, typ]): RefusedCase => ({
      title: `rejects ${what} as typ`,
      source: 'RFC 7515 section 4.1.9',
      token: withHeader({ typ }),
      reason: 'header_invalid',
    }),
  ),
  ...wrongValues('typ', 'Keycloak payload typ', 'claim_missing', { missing: undefined, 'an empty string': '' }),
  ...wrongValues('typ', 'Keycloak payload typ, RFC 8725 section 3.12', 'not_an_access_token', {
    ID: 'ID',
    Refresh: 'Refresh',
    Offline: 'Offline',
    Logout: 'Logout',
    JWT: 'JWT',
    bearer: 'bearer',
    null: null,
    'a list with the right one': ['Bearer'],
    'Bearer with a space': 'Bearer ',
  }),
  ...wrongValues('events', 'RFC 8417 section 2.2', 'not_an_access_token', {
    'an object': {},
    'a logout event': { 'http://schemas.openid.net/event/backchannel-logout': {} },
  }),
  ...wrongValues('htm', 'RFC 9449 section 4.2', 'not_an_access_token', { 'a method': 'POST' }),
  ...wrongValues('at_hash', 'OpenID Connect Core section 3.1.3.6', 'not_an_access_token', {
    'a hash': 'HK6E_P6Dh8Y93mRNtsDB1Q',
  }),
  ...wrongValues('c_hash', 'OpenID Connect Core section 3.3.2.11', 'not_an_access_token', {
    'a hash': 'LDktKdoQak3Pk0cnXxCltA',
  }),
]

const confirmations: RefusedCase[] = [
  refused(
    'rejects a DPoP-bound token presented as Bearer',
    'RFC 9449 section 7.2',
    { cnf: dpopConfirmation() },
    'bound_token_as_bearer',
  ),
  refused(
    'rejects a certificate-bound token without its certificate',
    'RFC 8705 section 3',
    { cnf: { 'x5t#S256': 'A'.repeat(43) } },
    'certificate_missing',
  ),
  ...wrongValues('cnf', 'RFC 7800 section 3.1', 'claim_invalid', {
    ...notObjects,
    'a string': 'key',
    'a list': [dpopConfirmation()],
  }),
  ...wrongValues('cnf', 'RFC 7800 section 3.1', 'confirmation_not_understood', {
    'an empty object': {},
    'a key of its own (jwk)': { jwk: { kty: 'EC' } },
    'an encrypted key (jwe)': { jwe: 'a.b.c.d.e' },
    'a key id (kid)': { kid: 'key' },
    'the address of a key set (jku)': { jku: 'https://attacker.example/jwks' },
    'an unknown member': { 'urn:example:rule': 1 },
    'a known and an unknown member': { ...dpopConfirmation(), 'urn:example:rule': 1 },
    'what binds it, and no key (Keycloak)': { 'kc-jkt-type': 'DPoP' },
    'a key that something else than a proof binds (Keycloak)': { ...dpopConfirmation(), 'kc-jkt-type': 'other' },
    'a thumbprint that is a number': { jkt: 7 },
    'an empty thumbprint': { jkt: '' },
    'a thumbprint that is a list': { jkt: [dpopConfirmation().jkt] },
    'a thumbprint that is too short': { jkt: dpopConfirmation().jkt.slice(1) },
    'a thumbprint with a letter after it': { jkt: `${dpopConfirmation().jkt}A` },
    'a thumbprint with a dot before it': { jkt: `.${dpopConfirmation().jkt}` },
    'a certificate thumbprint that is null': { 'x5t#S256': null },
  }),
]

const insideJson: RefusedCase[] = [
  {
    title: 'reads exp, not a name that only looks like it',
    source: 'RFC 7519 section 7.1',
    token: withRawPayload(`${JSON.stringify({ ...valid.claims, exp: undefined }).slice(0, -1)},"ехр":9999999999}`),
    reason: 'claim_missing',
  },
  {
    title: 'reads exp, not its capitals',
    source: 'RFC 7519 section 10.1.1 (claim names are case sensitive)',
    token: withRawPayload(`${JSON.stringify({ ...valid.claims, exp: undefined }).slice(0, -1)},"EXP":9999999999}`),
    reason: 'claim_missing',
  },
  {
    title: 'reads exp of the token, not of something inside it',
    source: 'RFC 7519 section 4.1.4',
    token: withRawPayload(`${openClaims.replace(/"exp":\d+,/, '')},"x":{"exp":9999999999}}`),
    reason: 'claim_missing',
  },
]

/** TIME, ISS, AUD and TYP: what a rightly signed token says. */
export const claimAttacks: readonly RefusedCase[] = [
  ...times,
  ...writtenNumbers,
  ...issuers,
  ...audiences,
  ...subjects,
  ...types,
  ...confirmations,
  ...insideJson,
]

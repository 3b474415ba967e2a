import { encodePart } from '@mcp-identity/test-kit'
import {
  openClaims,
  openHeader,
  parts,
  type RefusedCase,
  valid,
  validToken,
  withRawHeader,
  withRawPayload,
} from '../refused-case.ts'

const { header, payload, signature } = parts

function malformed(source: string, tokens: Readonly<Record<string, unknown>>): RefusedCase[] {
  return Object.entries(tokens).map(([what, token]) => ({
    title: `rejects ${what}`,
    source,
    token,
    reason: 'malformed',
  }))
}

/** Puts text at the start, in the middle of each part, and at the end. */
function everywhere(what: string, text: string): Record<string, unknown> {
  const middle = (part: string): string => `${part.slice(0, 8)}${text}${part.slice(8)}`
  return {
    [`${what} before the token`]: `${text}${validToken}`,
    [`${what} after the token`]: `${validToken}${text}`,
    [`${what} in the header`]: `${middle(header)}.${payload}.${signature}`,
    [`${what} in the payload`]: `${header}.${middle(payload)}.${signature}`,
    [`${what} in the signature`]: `${header}.${payload}.${middle(signature)}`,
    [`${what} before a dot`]: `${header}${text}.${payload}.${signature}`,
    [`${what} after a dot`]: `${header}.${text}${payload}.${signature}`,
  }
}

/** Another last character that a lenient decoder maps to the same bytes (RFC 4648 section 3.5). */
function otherSpelling(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return `${part.slice(0, -1)}${alphabet[alphabet.indexOf(part.at(-1) ?? '') + 1]}`
}

/** A payload or header of the valid token, padded with a member until its base64url ends in unused bits. */
function withUnusedBits(open: string): string {
  const texts = ['', 'a', 'aa'].map((padding) => `${open},"x":"${padding}"}`)
  return texts.find((text) => Buffer.byteLength(text) % 3 !== 0) ?? ''
}

const looseHeader = withRawHeader(withUnusedBits(openHeader)).split('.')
const loosePayload = withRawPayload(withUnusedBits(openClaims)).split('.')
const spell = (token: readonly string[], index: number): string =>
  token.map((part, at) => (at === index ? otherSpelling(part) : part)).join('.')

const shapes = malformed('RFC 7515 section 7.1', {
  'an empty string': '',
  'one part': header,
  'two parts': `${header}.${payload}`,
  'a token whose signature is cut off': `${header}.${payload}.`,
  'a token without its header': `.${payload}.${signature}`,
  'a token without its payload (detached content)': `${header}..${signature}`,
  'two dots and nothing else': '..',
  'three dots and nothing else': '...',
  'four parts': `${validToken}.${signature}`,
  'an empty fourth part': `${validToken}.`,
  'a dot before the token': `.${validToken}`,
  'six parts': `${validToken}.a.b.c`,
  'two tokens with a dot': `${validToken}.${validToken}`,
  'the scheme before the token': `Bearer ${validToken}`,
  'a token in quotes': `"${validToken}"`,
  'dots that are percent-encoded': validToken.replaceAll('.', '%2E'),
  'dots that are full stops of another width': validToken.replaceAll('.', '\uff0e'),
})

const foreignCharacters = malformed('RFC 8725 section 2.4, RFC 7515 section 2', {
  ...everywhere('a space', ' '),
  ...everywhere('a line feed', '\n'),
  ...everywhere('a carriage return and line feed', '\r\n'),
  ...everywhere('a tab', '\t'),
  ...everywhere('a NUL', '\0'),
  ...everywhere('a byte order mark', '\ufeff'),
  ...everywhere('a zero-width space', '\u200b'),
  ...everywhere('a padding character', '='),
  ...everywhere('a non-breaking space', '\u00a0'),
  ...everywhere('a percent sign', '%'),
  ...everywhere('an emoji', '\u{1f511}'),
  ...everywhere('a lone surrogate', '\ud800'),
  'a letter whose low byte is the right one': `${String.fromCharCode(header.charCodeAt(0) + 0x100)}${validToken.slice(1)}`,
  'a full-width letter': validToken.replace('e', '\uff45'),
  'the standard alphabet (+)': `${header}.${payload.replace(/.$/, '+')}.${signature}`,
  'the standard alphabet (/)': `${header}.${payload.replace(/.$/, '/')}.${signature}`,
  'the standard alphabet in the signature': `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}`,
  'padding of the whole token': `${validToken}==`,
})

const spellings = malformed('RFC 4648 section 3.5', {
  'a header with unused bits set': spell(looseHeader, 0),
  'a payload with unused bits set': spell(loosePayload, 1),
  'a signature with unused bits set': spell([header, payload, signature], 2),
  'a header of an impossible length': `${header}${'A'.repeat(5 - (header.length % 4))}.${payload}.${signature}`,
  'a payload of an impossible length': `${header}.A.${signature}`,
  'a signature of an impossible length': `${header}.${payload}.${'A'.repeat(341)}`,
})

const jsonForms = malformed('RFC 7515 section 7.2, RFC 7519 section 3', {
  'the flattened JSON serialization': JSON.stringify({ protected: header, payload, signature }),
  'the general JSON serialization': JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
  'JSON that also reads as a compact token': `{"a":"${header}.${payload}.${signature}"}`,
})

const notStrings = malformed('RFC 7519 section 3', {
  undefined: undefined,
  null: null,
  'a number': 7,
  'a boolean': true,
  'a list with the token': [validToken],
  'an object that turns into the token': { toString: () => validToken },
  'bytes of the token': Buffer.from(validToken),
  'a boxed string': Object(validToken),
})

const { alg, kid, typ } = valid.header
const headerText = JSON.stringify(valid.header)
const claimsText = JSON.stringify(valid.claims)
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

/** Bytes that are not one strictly written JSON object. Each is signed by the right key. */
function unsound(text: string, open: string): Readonly<Record<string, string | Uint8Array>> {
  return {
    'is a JSON list': `[${text}]`,
    'is a JSON string': JSON.stringify(text),
    'is a JSON number': '7',
    'is null': 'null',
    'is true': 'true',
    'is only white space': '   ',
    'is no JSON': 'token',
    'lacks its closing brace': open,
    'has another object after it': `${text}{}`,
    'has text after it': `${text} x`,
    'has a NUL after it': `${text}\0`,
    'ends in a comma': `${open},}`,
    'has a comment': `${open}/* */}`,
    'has single quotes': text.replaceAll('"', "'"),
    'has names without quotes': text.replace(/"(\w+)":/, '$1:'),
    'begins with a byte order mark': `\ufeff${text}`,
    'is UTF-16, little end first': Buffer.from(text, 'utf16le'),
    'is UTF-16, big end first': Buffer.from(text, 'utf16le').swap16(),
    'is Latin-1': Buffer.from(`${open},"x":"\u00ff"}`, 'latin1'),
    'has an invalid byte': Buffer.concat([Buffer.from(`${open},"x":"`), Buffer.of(0xff), Buffer.from('"}')]),
    'has an overlong byte sequence': Buffer.concat([
      Buffer.from(`${open},"x":"`),
      Buffer.of(0xc0, 0xaf),
      Buffer.from('"}'),
    ]),
    'has a surrogate as three bytes': Buffer.concat([
      Buffer.from(`${open},"x":"`),
      Buffer.of(0xed, 0xa0, 0x80),
      Buffer.from('"}'),
    ]),
    'has a lone surrogate': `${open},"x":"\\ud800"}`,
    'has a lone surrogate in a name': `${open},"\\udfff":1}`,
    'has a control character in a string': `${open},"x":"\u0001"}`,
    'has NaN': `${open},"x":NaN}`,
    'has Infinity': `${open},"x":Infinity}`,
    'has a number beyond all bounds': `${open},"x":1e400}`,
    'has a negative number beyond all bounds': `${open},"x":-1e400}`,
    'has a number with a leading zero': `${open},"x":01}`,
    'has a number with a leading plus': `${open},"x":+1}`,
    'has a hexadecimal number': `${open},"x":0x1}`,
    'is nested 40 levels deep': `${open},"x":${deep(40)}}`,
    'is nested 1,000 levels deep': `${open},"x":${deep(1000)}}`,
    'has __proto__': `${open},"__proto__":{"admin":true}}`,
    'has __proto__ written with an escape': `${open},"__pr\\u006fto__":{"admin":true}}`,
    'has __proto__ inside': `${open},"x":{"__proto__":{"admin":true}}}`,
    'has constructor': `${open},"constructor":{"prototype":{"admin":true}}}`,
    'has prototype inside': `${open},"x":[{"prototype":1}]}`,
  }
}

const strictJson = 'RFC 7493 section 2, RFC 8259 sections 2 and 8.1, RFC 8725 section 3.7'

const unsoundHeaders: RefusedCase[] = Object.entries(unsound(headerText, openHeader)).map(([what, part]) => ({
  title: `rejects a header that ${what}`,
  source: strictJson,
  token: withRawHeader(part),
  reason: 'header_invalid',
}))

const unsoundPayloads: RefusedCase[] = Object.entries(unsound(claimsText, openClaims)).map(([what, part]) => ({
  title: `rejects a payload that ${what}`,
  source: strictJson,
  token: withRawPayload(part),
  reason: 'payload_invalid',
}))

/** One member twice, in both orders, and with the second name written with an escape. */
function twice(open: string, name: string, other: unknown): Readonly<Record<string, string>> {
  const member = JSON.stringify({ [name]: other }).slice(1, -1)
  const escaped = member.replace(`"${name.charAt(0)}`, `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return {
    [`has ${name} twice, the foreign one first`]: `{${member},${open.slice(1)}}`,
    [`has ${name} twice, the foreign one last`]: `${open},${member}}`,
    [`has ${name} twice, once with an escape in its name`]: `${open},${escaped}}`,
  }
}

const duplicateHeaders: RefusedCase[] = [
  ...Object.entries({
    ...twice(openHeader, 'alg', 'none'),
    ...twice(openHeader, 'kid', 'other'),
    ...twice(openHeader, 'typ', 'at+jwt'),
    'has the same alg twice': `${openHeader},"alg":${JSON.stringify(alg)}}`,
    'has the same kid twice': `${openHeader},"kid":${JSON.stringify(kid)}}`,
    'has the same typ twice': `${openHeader},"typ":${JSON.stringify(typ)}}`,
  }),
].map(([what, part]) => ({
  title: `rejects a header that ${what}`,
  source: 'RFC 7515 section 4',
  token: withRawHeader(part),
  reason: 'header_invalid',
}))

const duplicateClaims: RefusedCase[] = Object.entries({
  ...twice(openClaims, 'iss', 'https://other.example'),
  ...twice(openClaims, 'aud', 'https://other.example'),
  ...twice(openClaims, 'sub', 'administrator'),
  ...twice(openClaims, 'exp', 9_999_999_999),
  ...twice(openClaims, 'iat', 1),
  ...twice(openClaims, 'scope', 'admin:reports'),
  ...twice(openClaims, 'typ', 'Bearer'),
  ...twice(openClaims, 'azp', 'other'),
  ...twice(openClaims, 'groups', ['Administrators']),
  'has a name twice inside a member': `${openClaims},"x":{"a":1,"a":2}}`,
  'has a name twice inside a list': `${openClaims},"x":[{"a":1,"b":[],"a":2}]}`,
  'has a name twice after a string that looks like JSON': `${openClaims},"x":"\\"}{\\"","y":1,"y":1}`,
}).map(([what, part]) => ({
  title: `rejects a payload that ${what}`,
  source: 'RFC 7519 section 4',
  token: withRawPayload(part),
  reason: 'payload_invalid',
}))

const sizes: RefusedCase[] = [
  { title: 'rejects a token one character too long', token: `${validToken}${'A'.repeat(16_385 - validToken.length)}` },
  { title: 'rejects a mebibyte of dots', token: '.'.repeat(1024 * 1024) },
  { title: 'rejects a header of a mebibyte', token: `${encodePart('a'.repeat(1024 * 1024))}.${payload}.${signature}` },
  { title: 'rejects a payload of 8 mebibytes', token: `${header}.${'A'.repeat(8 * 1024 * 1024)}.${signature}` },
  { title: 'rejects a signature of 8 mebibytes', token: `${header}.${payload}.${'A'.repeat(8 * 1024 * 1024)}` },
  { title: 'rejects 100,000 levels of nesting', token: withRawPayload(`${openClaims},"x":${deep(100_000)}}`) },
  {
    title: 'rejects 200,000 header members',
    token: withRawHeader(`{${Array.from({ length: 200_000 }, (_, n) => `"m${n}":1`).join(',')}}`),
  },
  {
    title: 'rejects a number of a million digits',
    token: withRawPayload(`${openClaims},"x":${'1'.repeat(1_000_000)}}`),
  },
  {
    title: 'rejects an audience of 100,000 entries',
    token: withRawPayload({ ...valid.claims, aud: Array(100_000).fill('a') }),
  },
].map(({ title, token }) => ({
  title,
  source: 'RFC 8725 section 3.15, CVE-2025-30204, CWE-674',
  token,
  reason: 'too_long' as const,
}))

/** SER, DUP and DOS: what a token is written like, whatever it says. */
export const serializationAttacks: readonly RefusedCase[] = [
  ...shapes,
  ...foreignCharacters,
  ...spellings,
  ...jsonForms,
  ...notStrings,
  ...unsoundHeaders,
  ...unsoundPayloads,
  ...duplicateHeaders,
  ...duplicateClaims,
  ...sizes,
]

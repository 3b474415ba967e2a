import { frozenNow, mintAccessToken, publicKeySet, testKeys } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { openClaims, openHeader, valid, validToken, withRawHeader, withRawPayload } from './refused-case.ts'
import { makeVerifier, outcomeOf } from './verifier-under-test.ts'

const claims = JSON.stringify(valid.claims)
const header = JSON.stringify(valid.header)
const exp = `"exp":${valid.claims.exp}`

describe('a token is accepted however its JSON is written', () => {
  it.each([
    ['exp with an exponent', withRawPayload(claims.replace(exp, `"exp":${Number(valid.claims.exp) / 1e9}e9`))],
    ['exp with a positive exponent', withRawPayload(claims.replace(exp, `"exp":${Number(valid.claims.exp) / 1e6}E+6`))],
    ['exp with a fraction of zero', withRawPayload(claims.replace(exp, `${exp}.000`))],
    ['exp with a fraction', withRawPayload(claims.replace(exp, `${exp}.5`))],
    ['exp two seconds ahead', withRawPayload(claims.replace(exp, `"exp":${frozenNow + 2}`))],
    ['names with escapes', withRawPayload(claims.replace('"aud"', '"\\u0061ud"').replace('"exp"', '"e\\u0078p"'))],
    ['values with escapes', withRawPayload(claims.replace('https://keycloak', 'https:\\/\\/\\u006beycloak'))],
    ['white space between everything', withRawPayload(JSON.stringify(valid.claims, null, '\t'))],
    ['white space around it', withRawPayload(` \r\n${claims}\t `)],
    ['a replacement character in a string', withRawPayload(`${openClaims},"x":"\ufffd"}`)],
    ['a pair of surrogates as escapes', withRawPayload(`${openClaims},"x":"\\ud83d\\udd11"}`)],
    ['empty names and objects', withRawPayload(`${openClaims},"":{},"x":[[],{"":""}]}`)],
    ['numbers of every kind', withRawPayload(`${openClaims},"x":[0,-0,-1,1.5,1e-7,9007199254740993,1e308]}`)],
    ['the same name in two objects', withRawPayload(`${openClaims},"x":{"a":1},"y":{"a":1,"b":{"a":1}}}`)],
    ['a name that is also a value', withRawPayload(`${openClaims},"x":"y","y":"x"}`)],
    ['text that looks like JSON', withRawPayload(`${openClaims},"x":"{\\"exp\\":1,\\"exp\\":2}"}`)],
    ['32 levels', withRawPayload(`${openClaims},"x":${'['.repeat(31)}${']'.repeat(31)}}`)],
    ['a header with white space', withRawHeader(JSON.stringify(valid.header, null, 2))],
    ['a header with escapes', withRawHeader(header.replace('"alg"', '"\\u0061lg"'))],
    ['a header in another order', withRawHeader(Object.fromEntries(Object.entries(valid.header).toReversed()))],
    ['a header with members nobody knows', withRawHeader(`${openHeader},"urn:example:x":{"a":[1]}}`)],
  ])('%s', async (_, token) => {
    const { verifier } = await makeVerifier()
    expect(token).not.toBe(validToken)
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
  })
})

describe('a key is found by any kid that is its own', () => {
  it.each([
    'a b',
    '../key',
    'a/b+c=',
    "'",
    '"',
    '{"a":1}',
    '田中',
    '\u{1f511}',
    'toString',
    '0',
    'k'.repeat(256),
    '\n',
  ])('%j', async (kid) => {
    const keySet = { keys: [...publicKeySet(testKeys.p256).keys, { ...testKeys.rsa.publicJwk, kid }] }
    const { verifier } = await makeVerifier({}, { keySet })
    expect(await outcomeOf(verifier.verify(mintAccessToken({ provider: 'keycloak', header: { kid } })))).toBe(
      'accepted',
    )
  })

  it('and a token as long as is allowed is read', async () => {
    const { verifier } = await makeVerifier()
    const spare = 16_384 - withRawPayload(`${openClaims},"x":""}`).length
    const token = withRawPayload(`${openClaims},"x":"${'a'.repeat(Math.floor((spare * 3) / 4))}"}`)
    expect(token.length).toBeGreaterThan(16_380)
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
  })
})

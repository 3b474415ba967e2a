import {
  assembleToken,
  describeAccessToken,
  dialects,
  known,
  mintAccessToken,
  publicKeySet,
  serveKeySet,
  testKeys,
} from '@mcp-identity/test-kit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAccessTokenVerifier, entraId } from '../../src/index.ts'
import { readJsonObject } from '../../src/strict-json.ts'
import { validToken, withClaims } from './refused-case.ts'
import { makeVerifier, outcomeOf } from './verifier-under-test.ts'

const person = {
  issuer: dialects.keycloak.issuer,
  subject: known.subject,
  clientId: known.clientId,
  tokenId: expect.any(String),
  sessionId: known.sessionId,
  email: known.email,
  name: known.name,
  department: known.department,
}

describe('a refusal after the signature was right says whose token it was', () => {
  it.each([
    ['audience_mismatch', { aud: 'https://other.company.com/mcp' }],
    ['not_an_access_token', { typ: 'ID' }],
    ['claim_invalid', { scope: 7 }],
    ['bound_token_as_bearer', { cnf: { jkt: 'A'.repeat(43) } }],
  ] as const)('%s', async (reason, claims) => {
    const { verifier } = await makeVerifier()
    await expect(verifier.verify(withClaims(claims))).rejects.toMatchObject({ reason, token: person })
  })

  it('expired, for a token that was accepted before', async () => {
    const { verifier, clock } = await makeVerifier()
    await verifier.verify(validToken)
    clock.advance(305)
    await expect(verifier.verify(validToken)).rejects.toMatchObject({ reason: 'expired', token: person })
  })

  it('revoked', async () => {
    const { verifier } = await makeVerifier({ isRevoked: () => 'disabled' })
    await expect(verifier.verify(validToken)).rejects.toMatchObject({ reason: 'revoked', token: person })
  })

  it('and leaves out what is no text', async () => {
    const { verifier } = await makeVerifier()
    const token = withClaims({ email: 7, sid: undefined, aud: 'other' })
    await expect(verifier.verify(token)).rejects.toMatchObject({
      token: { ...person, email: undefined, sessionId: undefined },
    })
  })
})

describe('the longest token that is read', () => {
  it.each([
    [0, 'accepted'],
    [-1, 'too_long'],
  ])('is as long as is set: %i more', async (more, outcome) => {
    const { verifier } = await makeVerifier({ maxTokenLength: validToken.length + more })
    expect(await outcomeOf(verifier.verify(validToken))).toBe(outcome)
  })
})

describe('a key of Entra ID that says for which issuer it is', () => {
  const { issuer, audience } = dialects.entraIdV2

  it.each([
    ['this tenant', issuer, 'accepted'],
    ['any tenant', issuer.replace(known.entraTenant, '{tenantid}'), 'accepted'],
    ['another tenant', issuer.replace(known.entraTenant, '11111111-2222-4333-8444-555555555555'), 'key_mismatch'],
    ['no text', 7, 'key_unknown'],
  ])('is used for %s: %j is %s', async (_, keyIssuer, outcome) => {
    const server = await serveKeySet({ keySet: { keys: [{ ...testKeys.rsa.publicJwk, issuer: keyIssuer }] } })
    const settings = { issuer, audience, jwksUri: server.jwksUri, dangerouslyAllowInsecureHttp: true }
    const { now } = describeAccessToken({ provider: 'entraIdV2' })
    const verifier = createAccessTokenVerifier({
      resource: 'https://mcp.company.com/mcp',
      issuers: [entraId(settings)],
      clock: () => now,
      onWarning: () => undefined,
    })
    onTestFinished(async () => {
      verifier.close()
      await server.close()
    })
    expect(await outcomeOf(verifier.verify(mintAccessToken({ provider: 'entraIdV2' })))).toBe(outcome)
  })
})

describe('a key set whose entries have other lengths than their type', () => {
  const { x, y } = testKeys.p256.publicJwk
  const ed25519 = testKeys.ed25519.publicJwk
  const longer = (value: unknown): string =>
    Buffer.concat([Buffer.of(0), Buffer.from(String(value), 'base64url')]).toString('base64url')

  it.each([
    ['x of P-256 with a zero in front', { ...testKeys.p256.publicJwk, x: longer(x) }, testKeys.p256],
    ['y of P-256 with a zero in front', { ...testKeys.p256.publicJwk, y: longer(y) }, testKeys.p256],
    ['P-256 without y', { ...testKeys.p256.publicJwk, y: undefined }, testKeys.p256],
    ['P-256 without x', { ...testKeys.p256.publicJwk, x: undefined }, testKeys.p256],
    ['Ed25519 with a zero in front', { ...ed25519, x: longer(ed25519.x) }, testKeys.ed25519],
    ['Ed25519 without x', { ...ed25519, x: undefined }, testKeys.ed25519],
    ['RSA without e', { ...testKeys.rsa.publicJwk, e: undefined }, testKeys.rsa],
    ['an even e', { ...testKeys.rsa.publicJwk, e: 'AQAA' }, testKeys.rsa],
    ['an e of nine bytes', { ...testKeys.rsa.publicJwk, e: 'AQAAAAAAAAAB' }, testKeys.rsa],
    ['an e with a zero in front', { ...testKeys.rsa.publicJwk, e: 'AAEAAQ' }, testKeys.rsa],
  ])('leaves out %s', async (_, entry, key) => {
    const keySet = { keys: [entry, ...publicKeySet(testKeys.p384).keys] }
    const { verifier } = await makeVerifier({}, { keySet })
    expect(await outcomeOf(verifier.verify(mintAccessToken({ provider: 'keycloak', key })))).toBe('key_unknown')
  })
})

describe('a name that comes twice', () => {
  const numbers = [
    '0',
    '-0',
    '7',
    '-7',
    '100',
    '1000',
    '1234567',
    '999999999',
    '1000000000',
    '1234567890',
    '9999999999',
    '10000000000',
    '12345678901',
    '9007199254740993',
    '0.5',
    '1e21',
    '123456789.5',
  ]
  const others = ['""', '"text"', 'true', 'false', 'null', '[]', '[1]', '[1,2]', '{}', '{"b":1}', '[[],{}]']

  it.each([...numbers, ...others])('is found whatever its length, beside %s', (value) => {
    for (let length = 0; length < 40; length += 1) {
      const name = 'n'.repeat(length)
      expect(readJsonObject(Buffer.from(`{"x":${value},"${name}":1,"${name}":1}`)), name).toBeUndefined()
      expect(
        readJsonObject(Buffer.from(`{"${name}":1,"y":{"x":${value},"${name}":1,"${name}":1}}`)),
        name,
      ).toBeUndefined()
    }
  })
})

it('takes no signature that was made over an unfinished token', async () => {
  const { verifier } = await makeVerifier()
  const { header, claims, key } = describeAccessToken({ provider: 'keycloak' })
  const unfinished = assembleToken({ header, payload: JSON.stringify(claims).slice(0, -1), key })
  const [, , signature] = unfinished.split('.')
  const [first, second] = validToken.split('.')
  expect(await outcomeOf(verifier.verify(`${first}.${second}.${signature}`))).toBe('signature_invalid')
})

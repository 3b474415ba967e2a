import { assembleToken, mintDpopProof, testKeys } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { DpopCheck } from '../../src/dpop/check-dpop.ts'
import { ProofReader } from '../../src/dpop/dpop-proof.ts'

const request = { method: 'POST', url: 'https://mcp.company.com/mcp' }
const reader = new ProofReader(['ES256', 'PS256'])
const proofWith = (claims: Readonly<Record<string, unknown>>) => mintDpopProof({ ...request, claims })

describe('a DPoP proof', () => {
  it('is a text, and not longer than 8,192 characters', () => {
    const shorter = proofWith({ padding: '' })
    // Three bytes more are four characters more.
    const padding = 'x'.repeat(Math.floor(((8192 - shorter.length) * 3) / 4))
    const longest = proofWith({ padding })
    expect(longest.length).toBeGreaterThan(8188)
    expect(longest.length).toBeLessThanOrEqual(8192)
    expect(() => reader.read(longest)).not.toThrow()
    expect(() => reader.read(proofWith({ padding: `${padding}xxxx` }))).toThrow('must be one JWS of three parts')
    for (const other of [undefined, null, 7, [shorter], {}]) {
      expect(() => reader.read(other)).toThrow('must be one JWS of three parts')
    }
  })

  it.each(['[]', 'null', '"text"', '{'])('has a payload that is a JSON object, not %s', (payload) => {
    const { header } = partsOf(proofWith({}))
    const proof = assembleToken({ header, payload, key: testKeys.client, algorithm: 'ES256' })
    expect(() => reader.read(proof)).toThrow('must be one JWS of three parts')
  })

  it.each([
    ['a jti of 256 characters', { jti: 'j'.repeat(256) }],
    ['a nonce', { nonce: 'n' }],
    ['no ath', { ath: undefined }],
  ])('may have %s', (_what, claims) => {
    expect(reader.read(proofWith(claims)).claims).toMatchObject({ htm: 'POST' })
  })

  it.each([
    ['a jti of 257 characters', { jti: 'j'.repeat(257) }],
    ['a nonce that is a number', { nonce: 7 }],
    ['an ath that is a number', { ath: 7 }],
    ['an empty htm', { htm: '' }],
    ['an empty htu', { htu: '' }],
    ['an htm that is a number', { htm: 7 }],
    ['an htu that is a list', { htu: ['https://mcp.company.com/mcp'] }],
  ])('does not have %s', (_what, claims) => {
    expect(() => reader.read(proofWith(claims))).toThrow('a DPoP proof must have jti, htm, htu and iat')
  })

  it('is signed with an algorithm that is allowed here', () => {
    expect(() => reader.read(mintDpopProof({ ...request, key: testKeys.rsaPss }))).not.toThrow()
    for (const key of [testKeys.p384, testKeys.ed25519]) {
      expect(() => reader.read(mintDpopProof({ ...request, key }))).toThrow('must be ES256 or PS256')
    }
    expect(() => reader.read(mintDpopProof({ ...request, header: { alg: 'HS256' } }))).toThrow('must be ES256 or PS256')
  })
})

it('is never signed with an algorithm that nothing can verify, even if that was allowed', () => {
  const careless = new ProofReader(['HS256' as never])
  expect(() => careless.read(mintDpopProof({ ...request, header: { alg: 'HS256' } }))).toThrow('"alg" of a DPoP proof')
})

describe('the life of DPoP proofs', () => {
  it.each([1, 60, 300])('may be %d seconds', (proofLifetimeSeconds) => {
    expect(() => new DpopCheck({ proofLifetimeSeconds }, () => 0)).not.toThrow()
  })

  it.each([0, 0.9, 300.1, -1, Number.NaN])('may not be %d seconds', (proofLifetimeSeconds) => {
    expect(() => new DpopCheck({ proofLifetimeSeconds }, () => 0)).toThrow('proofLifetimeSeconds must be 1 to 300')
  })
})

function partsOf(proof: string): { header: Record<string, unknown> } {
  return { header: JSON.parse(Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString()) }
}

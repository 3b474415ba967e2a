import { calculateJwkThumbprint, decodeJwt, EmbeddedJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { type DpopFaultName, dpopConfirmation, dpopFaults, frozenNow, mintDpopProof, testKeys } from '../src/index.ts'

const request = { method: 'POST', url: 'https://mcp.company.com/mcp', accessToken: 'token', tokenId: 'one' }

describe('mintDpopProof', () => {
  it('makes a proof that verifies with the key inside it', async () => {
    const proof = mintDpopProof(request)
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      currentDate: new Date(frozenNow * 1000),
    })
    expect(protectedHeader.typ).toBe('dpop+jwt')
    expect(payload).toMatchObject({ htm: 'POST', htu: request.url, jti: 'one', iat: frozenNow })
  })

  it('gives every proof another jti', () => {
    const { method, url } = request
    expect(decodeJwt(mintDpopProof({ method, url })).jti).not.toBe(decodeJwt(mintDpopProof({ method, url })).jti)
  })

  it.each([testKeys.client, testKeys.rsa, testKeys.ed25519])('confirms by the thumbprint of RFC 7638', async (key) => {
    expect(dpopConfirmation(key).jkt).toBe(await calculateJwkThumbprint(key.publicJwk))
  })

  it.each(Object.keys(dpopFaults) as DpopFaultName[])('is changed by the fault %s', (fault) => {
    expect(mintDpopProof({ ...request, key: testKeys.ed25519, fault })).not.toBe(
      mintDpopProof({ ...request, key: testKeys.ed25519 }),
    )
  })
})

import { dialects } from '@mcp-identity/test-kit'
import { describe, expect, it } from 'vitest'
import { keycloak, okta } from '../src/index.ts'
import { readVerifiedToken } from '../src/read-verified-token.ts'
import type { Claims } from '../src/verified-access-token.ts'
import { valid } from './conformance/refused-case.ts'

const { issuer, audience } = dialects.keycloak
const realm = () => keycloak({ issuer, audience })
const now = 1_800_000_000
const times = { iat: now, exp: now + 300, auth_time: now }

function read(changes: Claims, of = realm()) {
  const claims = { ...valid.claims, ...times, ...changes }
  return readVerifiedToken({ header: undefined, claims, profile: of, now }, { resource: audience, toleranceSeconds: 5 })
}

describe('a verified token', () => {
  it('is deeply frozen, whatever is in it', () => {
    const token = read({ nothing: null, deep: [{ list: [1] }], cnf: { jkt: 'a'.repeat(43) } })
    expect(Object.isFrozen(token.confirmation)).toBe(true)
    for (const part of [token, token.claims, token.claims.deep, token.caller, token.audiences, token.scopes])
      expect(Object.isFrozen(part)).toBe(true)
    expect(Object.isFrozen((token.claims.deep as { list: unknown }[])[0]?.list)).toBe(true)
    expect(token.confirmation).toEqual({ jkt: 'a'.repeat(43), certificateThumbprint: undefined })
    expect(read({}).confirmation).toBeUndefined()
  })

  it('always has an end, even if its issuer were said not to need one', () => {
    expect(() => read({ exp: undefined }, { ...realm(), requiredClaims: [] })).toThrow('"exp" is required')
  })

  it('began when it says, else when it became valid, else now', () => {
    const lax = { ...realm(), requiredClaims: [] }
    expect(read({ iat: now - 20, nbf: now - 10 }).issuedAt).toBe(now - 20)
    expect(read({ iat: undefined, nbf: now - 10 }, lax).issuedAt).toBe(now - 10)
    expect(read({ iat: undefined, nbf: undefined }, lax).issuedAt).toBe(now)
  })

  it('has scopes in the form that its issuer gives them, and no other', () => {
    expect(read({ scope: 'read  write' }).scopes).toEqual(['read', 'write'])
    expect(read({ scope: undefined }).scopes).toEqual([])
    expect(() => read({ scope: ['read'] })).toThrow('"scope" must be a string')
    const custom = okta({ issuer: 'https://company.okta.com/oauth2/default', audience })
    const claims = { ...times, iss: custom.issuer, aud: audience, sub: 's', cid: 'c', jti: 'AT.1' }
    const readOkta = (scp: unknown) =>
      readVerifiedToken(
        { header: undefined, claims: { ...claims, scp }, profile: custom, now },
        { resource: audience, toleranceSeconds: 5 },
      )
    expect(readOkta(['read', 'write']).scopes).toEqual(['read', 'write'])
    expect(() => readOkta('read')).toThrow('"scp" must be a list of strings')
    expect(() => readOkta([7])).toThrow('"scp" must be a list of strings')
  })

  it('is refused with the facts that its issuer vouched for', () => {
    const refusal = (() => {
      try {
        return read({ aud: 'other' })
      } catch (error) {
        return error
      }
    })()
    expect(refusal).toMatchObject({
      reason: 'audience_mismatch',
      token: { issuer, subject: valid.claims.sub, clientId: valid.claims.azp, email: valid.claims.email },
    })
  })
})

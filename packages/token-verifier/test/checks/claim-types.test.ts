import { describe, expect, it } from 'vitest'
import { checkClaimTypes } from '../../src/checks/claim-types.ts'
import { keycloak } from '../../src/index.ts'

function check(claims: Readonly<Record<string, unknown>>): void {
  const profile = keycloak({ issuer: 'https://keycloak.company.com/realms/company' })
  checkClaimTypes({ header: undefined, claims, profile, now: 0 })
}

describe('a claim of the wrong type is refused, whoever vouches for it (RFC 7519 section 4.1)', () => {
  it.each(['iss', 'sub', 'jti', 'client_id', 'azp', 'sid'])('%s is a string', (name) => {
    expect(() => check({ [name]: 'text' })).not.toThrow()
    for (const value of [1, null, ['text'], {}, true])
      expect(() => check({ [name]: value })).toThrow(`"${name}" must be a string`)
  })

  it.each(['exp', 'iat', 'nbf'])('%s is a time from the epoch to the year 9999', (name) => {
    for (const value of [0, 0.5, 253_402_300_799]) expect(() => check({ [name]: value })).not.toThrow()
    for (const value of [-1, 253_402_300_800, Number.NaN, '0', null])
      expect(() => check({ [name]: value })).toThrow(`"${name}" must be a number`)
  })

  it('aud is a string or a list of strings', () => {
    for (const aud of ['a', ['a', 'b'], []]) expect(() => check({ aud })).not.toThrow()
    for (const aud of [1, null, {}, [1], ['a', null]]) expect(() => check({ aud })).toThrow('"aud" must be')
  })

  it('cnf is an object', () => {
    expect(() => check({ cnf: {} })).not.toThrow()
    for (const cnf of ['a', null, [], 1]) expect(() => check({ cnf })).toThrow('"cnf" must be an object')
  })
})

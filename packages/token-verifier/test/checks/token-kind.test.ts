import { describe, expect, it } from 'vitest'
import { findAlgorithm } from '../../src/algorithms.ts'
import { checkHeaderType } from '../../src/checks/token-kind.ts'
import { type IssuerProfile, keycloak, oauthIssuer } from '../../src/index.ts'

const issuer = 'https://as.company.com/realms/company'
const realm = () => keycloak({ issuer })
const plain = () => oauthIssuer({ issuer })

function check(make: () => IssuerProfile, type: string | undefined): void {
  const algorithm = findAlgorithm('RS256')
  if (algorithm === undefined) throw new Error('RS256 is known')
  checkHeaderType({ header: { algorithm, keyId: 'k', type, hasNonce: false }, claims: {}, profile: make(), now: 0 })
}

describe('the typ of a header', () => {
  it('is one that the provider gives access tokens (RFC 9068 section 4)', () => {
    for (const type of ['jwt', 'at+jwt', undefined]) expect(() => check(realm, type)).not.toThrow()
    expect(() => check(plain, 'at+jwt')).not.toThrow()
  })

  it('is named when it is another one, with those that are accepted', () => {
    expect(() => check(realm, 'logout+jwt')).toThrow('must be jwt or at+jwt or none, found logout+jwt')
    expect(() => check(plain, undefined)).toThrow('must be at+jwt, found none')
  })
})

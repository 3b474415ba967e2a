import { describe, expect, it } from 'vitest'
import { readAuthorizationResponse } from '../../src/client/session/authorization-response.ts'

const issuer = 'https://id.company.com/realms/company'
const address = (parameters: Record<string, string>): string =>
  `https://console.company.com/#${new URLSearchParams({ state: 's', code: 'c', iss: issuer, ...parameters })}`

describe('readAuthorizationResponse', () => {
  it('takes a response of the issuer that was asked', () => {
    expect(readAuthorizationResponse(address({}), issuer)).toEqual({ outcome: 'of this issuer' })
  })

  it('takes an error of the issuer that was asked', () => {
    const response = `https://console.company.com/#state=s&error=access_denied&iss=${encodeURIComponent(issuer)}`
    expect(readAuthorizationResponse(response, issuer)).toEqual({ outcome: 'of this issuer' })
  })

  it.each([
    ['another issuer', 'https://evil.example/realms/company'],
    ['the issuer with a slash at its end', `${issuer}/`],
    ['the issuer in another case', issuer.toUpperCase()],
    ['an empty issuer', ''],
  ])('refuses a response of %s', (_what, iss) => {
    expect(readAuthorizationResponse(address({ iss }), issuer)).toEqual({ outcome: 'of another issuer', found: iss })
  })

  it('refuses a response that does not say who sent it', () => {
    expect(readAuthorizationResponse('https://console.company.com/#state=s&code=c', issuer)).toEqual({
      outcome: 'of another issuer',
      found: undefined,
    })
  })

  it('refuses a response that names two issuers', () => {
    const twice = `${address({})}&iss=https%3A%2F%2Fevil.example`
    expect(readAuthorizationResponse(twice, issuer).outcome).toBe('of another issuer')
  })

  it.each([
    'https://console.company.com/',
    'https://console.company.com/#main',
    'https://console.company.com/?code=c&state=s',
    'no address',
  ])('sees no response in %s', (text) => {
    expect(readAuthorizationResponse(text, issuer)).toEqual({ outcome: 'none' })
  })
})

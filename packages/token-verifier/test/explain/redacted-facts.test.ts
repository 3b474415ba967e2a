import { describe, expect, it } from 'vitest'
import { guessProvider } from '../../src/explain/guess-provider.ts'
import { redactedFacts, redactedHeader } from '../../src/explain/redacted-facts.ts'
import { explanationText } from '../../src/explain/text.ts'

const now = 1_800_000_000

function factOf(name: string, value: unknown): string | undefined {
  return redactedFacts({ [name]: value }, now)[0]?.value
}

describe('the facts about a token', () => {
  it.each([
    ['iss', 'https://as.company.com', 'https://as.company.com'],
    ['aud', ['a', 'b'], '["a","b"]'],
    ['scope', 'read write', 'read write'],
    ['ver', 2, '2'],
  ])('show %s, which says how it was made', (name, value, shown) => {
    expect(factOf(name, value)).toBe(shown)
  })

  it.each([
    ['email', 'alice@company.com', 'a text of 17 characters'],
    ['groups', ['a', 'b', 'c'], 'a list of 3'],
    ['realm_access', { roles: [], other: 1 }, 'an object with 2 members'],
    ['email_verified', true, 'a boolean'],
    ['employee', 7, 'a number'],
    ['manager', null, 'null'],
  ])('show of %s, which says who she is, no more than its shape', (name, value, shown) => {
    expect(factOf(name, value)).toBe(shown)
  })

  it('show times as instants, and how far off they are', () => {
    expect(factOf('exp', now + 90)).toBe('2027-01-15T08:01:30.000Z (in 90 s)')
    expect(factOf('iat', now - 90)).toBe('2027-01-15T07:58:30.000Z (90 s ago)')
    expect(factOf('nbf', now)).toBe('2027-01-15T08:00:00.000Z (in 0 s)')
    expect(factOf('exp', 1e30)).toMatch(/^1e\+30 \(in /)
  })

  it('show a time that is no number by its shape', () => {
    expect(factOf('exp', 'soon')).toBe('a text of 4 characters')
    expect(factOf('exp', null)).toBe('null')
    expect(factOf('updated_at', 7)).toBe('a number')
  })

  it('show up to 200 characters of a value', () => {
    expect(factOf('scope', 'x'.repeat(200))).toBe('x'.repeat(200))
    expect(factOf('scope', 'x'.repeat(201))).toBe(`${'x'.repeat(200)}…`)
  })

  it('show nothing that a terminal would obey, neither of names nor of values', () => {
    expect(redactedFacts({ 'a\u001b': 1, iss: 'b\u001b\n\u2028' }, now)).toEqual([
      { name: 'a?', value: 'a number' },
      { name: 'iss', value: 'b???' },
    ])
  })
})

describe('the facts about a header', () => {
  it('show alg, kid and typ where they are there, and the shape of all others', () => {
    expect(redactedHeader({ typ: 'JWT', alg: 'RS256', kid: 'k', jwk: { kty: 'RSA' }, nonce: 'abc' })).toEqual([
      { name: 'header alg', value: 'RS256' },
      { name: 'header kid', value: 'k' },
      { name: 'header typ', value: 'JWT' },
      { name: 'header jwk', value: 'an object with 1 members' },
      { name: 'header nonce', value: 'a text of 3 characters' },
    ])
    expect(redactedHeader({ alg: 'RS256' })).toEqual([{ name: 'header alg', value: 'RS256' }])
    expect(redactedHeader({})).toEqual([])
  })
})

describe('the provider of a token', () => {
  it('is told by its issuer before its claims', () => {
    expect(guessProvider({ iss: 'https://company.okta.com/oauth2/default', token_use: 'access' })).toBe('okta')
  })

  it('is told by claims when there is no issuer, and any authorization server when nothing tells', () => {
    expect(guessProvider({ token_use: 'access' })).toBe('cognito')
    expect(guessProvider({ iss: 7, cid: 'x' })).toBe('okta')
    expect(guessProvider({})).toBe('oauth')
  })
})

describe('an explanation as text', () => {
  it('has facts in columns, checks with their reason, and advice below', () => {
    const text = explanationText({
      verdict: 'refused',
      provider: 'keycloak',
      facts: [
        { name: 'iss', value: 'https://as.company.com' },
        { name: 'header alg', value: 'RS256' },
      ],
      checks: [
        { check: 'issuer', outcome: 'passed', finding: 'trusted here' },
        {
          check: 'claims',
          outcome: 'failed',
          reason: 'expired',
          finding: 'too late',
          advice: { side: 'client', change: 'Get a new one.' },
        },
      ],
    })
    expect(text.split('\n')).toEqual([
      'Read as a token of keycloak',
      '  iss         https://as.company.com',
      '  header alg  RS256',
      '',
      'passed      issuer             trusted here',
      'failed      claims             expired: too late',
      '            change at the client: Get a new one.',
      '',
      'It is refused.',
      '',
    ])
  })
})

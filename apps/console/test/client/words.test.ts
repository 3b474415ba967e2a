import { describe, expect, it } from 'vitest'
import { parseAuditFilters } from '../../src/client/pages/audit/audit-filters.ts'
import { readAccessTokenClaims, scopesOf } from '../../src/client/session/access-token.ts'
import { agoWords, durationWords, millisecondWords } from '../../src/client/ui/time-words.ts'

describe('durationWords', () => {
  it.each([
    [-5, '0 s'],
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [252, '4 min 12 s'],
    [3600, '1 h'],
    [3661, '1 h 1 min'],
    [90_000, '1 d 1 h'],
  ])('says %i seconds as %s', (seconds, words) => expect(durationWords(seconds)).toBe(words))
})

describe('agoWords', () => {
  it.each([
    [0, 'just now'],
    [38, '38 s ago'],
    [119, '1 min ago'],
  ])('says %i seconds ago as %s', (seconds, words) => expect(agoWords(new Date(0), seconds * 1000)).toBe(words))
})

describe('millisecondWords', () => {
  it.each([
    [0, '< 1 ms'],
    [1, '1 ms'],
    [12.4, '12 ms'],
    [1204, '1.2 s'],
  ])('says %f ms as %s', (ms, words) => expect(millisecondWords(ms)).toBe(words))
})

describe('parseAuditFilters', () => {
  it('takes what it knows and leaves out the rest', () => {
    expect(parseAuditFilters({ text: 'alice', outcome: 'refused', tool: 'whoami', page: 3 })).toEqual({
      text: 'alice',
      outcome: 'refused',
      tool: 'whoami',
    })
    expect(parseAuditFilters({ text: '', outcome: 'nonsense', tool: ['a'] })).toEqual({})
  })

  it('takes a number as text, which addresses do not tell apart', () => {
    expect(parseAuditFilters({ text: 789 })).toEqual({ text: '789' })
  })
})

describe('readAccessTokenClaims', () => {
  const token = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
  const claims = { iss: 'https://id.company.com', sub: 's', exp: 2, iat: 1 }

  it('reads names in any script', () => {
    expect(readAccessTokenClaims(token({ ...claims, name: 'Zoë 名前' })).name).toBe('Zoë 名前')
  })

  it('knows no groups and no scopes when the token has none', () => {
    const read = readAccessTokenClaims(token({ ...claims, scope: 'openid' }))
    expect(read.groups).toEqual([])
    expect(scopesOf(read)).toEqual([])
  })

  it('refuses what is no access token', () => {
    expect(() => readAccessTokenClaims('opaque')).toThrow('no JWT')
    expect(() => readAccessTokenClaims(token({ sub: 's' }))).toThrow()
  })
})

import { describe, expect, it } from 'vitest'
import { checks, type DirectoryPerson, issuerEntry, providerAddresses, providerNames, providers } from '../src/index.ts'

const origin = 'http://localhost:8482'
const resource = 'http://localhost:8481/mcp'
const alice: DirectoryPerson = {
  subject: 'emp-1001',
  username: 'alice',
  givenName: 'Alice',
  familyName: 'Moreau',
  email: 'alice@company.com',
  department: 'Engineering',
  zoneinfo: 'America/New_York',
  country: 'US',
  groups: ['All Staff', 'Customer Admins'],
}
const bob = { ...alice, subject: 'emp-1003' }

describe.each(providerNames)('%s', (name) => {
  const provider = providers[name]
  const claims = provider.idToken.claims(alice, provider.clientIds.broker)

  it('has every claim in its ID token that brokering reads', () => {
    const { required, usernameIsAddress, ...names } = provider.claimNames
    for (const claim of Object.values(names)) expect(claims, claim).toHaveProperty([claim])
    if (required !== undefined) expect(claims[required.claim]).toBe(required.value)
    expect(String(claims[names.username]).split('@')[0]).toBe('alice')
    expect(String(claims[names.username]).includes('@')).toBe(usernameIsAddress)
  })

  it('knows one person by one subject, and two by two', () => {
    const again = provider.idToken.claims({ ...alice, email: 'renamed@company.com' }, provider.clientIds.broker)
    expect(again.sub).toBe(claims.sub)
    expect(provider.idToken.claims(bob, provider.clientIds.broker).sub).not.toBe(claims.sub)
    expect(provider.accessToken.subject(bob)).not.toBe(provider.accessToken.subject(alice))
  })

  it('names no group by an id without saying which', () => {
    const { groupNames } = issuerEntry(provider, origin, resource, alice.groups)
    const values = alice.groups.map(provider.groups.valueOf)
    if (provider.groups.form === 'ids') expect(values.map((id) => (groupNames as never)[id])).toEqual(alice.groups)
    else expect(values).toEqual(alice.groups)
  })

  it('has a source for every statement about what it cannot do', () => {
    for (const { source } of [...provider.cannot, ...Object.values(provider.limitsAsIssuer)]) {
      expect(source).toMatch(/^https:\/\//)
    }
    expect(provider.sources.length).toBeGreaterThan(0)
    for (const check of Object.keys(provider.limitsAsIssuer)) expect(checks).toContain(check)
  })

  it('has its addresses at the origin that it is given', () => {
    const { accessTokenIssuer: _name, ...addresses } = providerAddresses(provider, origin)
    for (const address of Object.values(addresses)) expect(address.startsWith(origin)).toBe(true)
    for (const path of provider.paths.metadata) expect(path).toContain('/.well-known/')
  })
})

it('leaves all groups out of an ID token of Entra ID beyond 200, and says where they can be asked for', () => {
  const groups = Array.from({ length: 201 }, (_, index) => `Group ${index}`)
  const claimsOf = (count: number) =>
    providers.entra.idToken.claims({ ...alice, groups: groups.slice(0, count) }, 'client')
  expect(claimsOf(200).groups).toHaveLength(200)
  expect(claimsOf(201)).not.toHaveProperty('groups')
  expect(claimsOf(201)).toMatchObject({ _claim_names: { groups: 'src1' } })
})

it('writes a single group of AD FS bare, and several as a list', () => {
  const claimsOf = (groups: string[]) => providers.adfs.idToken.claims({ ...alice, groups }, 'client').group
  expect(claimsOf(['All Staff'])).toBe('All Staff')
  expect(claimsOf(['All Staff', 'Operations'])).toEqual(['All Staff', 'Operations'])
})

it('adds what Entra ID adds to an error', () => {
  const body = providers.entra.errorBody?.('invalid_grant', providers.entra.refusals.refreshEnded, new Date(0))
  expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [50_173], timestamp: '1970-01-01 00:00:00Z' })
  expect(body?.error_description).toMatch(/^AADSTS50173: .* Trace ID: .* Correlation ID: .* Timestamp: /)
})

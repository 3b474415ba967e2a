import { known } from '@mcp-identity/test-kit'
import { beforeAll, describe, expect, it } from 'vitest'
import { findAlgorithm } from '../../src/algorithms.ts'
import {
  adfs,
  auth0,
  cognito,
  entraId,
  google,
  type IssuerProfile,
  keycloak,
  oauthIssuer,
  okta,
} from '../../src/index.ts'
import { TokenError } from '../../src/token-error.ts'
import type { TokenHeader } from '../../src/token-header.ts'
import type { Claims } from '../../src/verified-access-token.ts'

const tenant = '9a1c2f5e-4d58-4d3a-8f0b-6f1f0a2b3c44'
const otherTenant = '11111111-2222-4333-8444-555555555555'
const audience = 'https://mcp.company.com/mcp'

const presets = {
  adfs: () => adfs({ issuer: 'https://adfs.company.com/adfs', audience }),
  auth0: () => auth0({ issuer: 'https://company.eu.auth0.com/', audience }),
  cognito: () =>
    cognito({ issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a', clientIds: ['a', 'b'] }),
  entraId: () => entraId({ tenants: [tenant, otherTenant], audience }),
  google: () => google({ audience: known.googleClient, hostedDomains: ['company.com', 'company.org'] }),
  keycloak: () => keycloak({ issuer: 'https://keycloak.company.com/realms/company' }),
  okta: () => okta({ issuer: 'https://company.okta.com/oauth2/default', audience }),
}

let profiles: Record<keyof typeof presets, IssuerProfile>
beforeAll(() => {
  const made = Object.entries(presets).map(([name, make]) => [name, make()] as const)
  profiles = Object.fromEntries(made) as typeof profiles
})

const algorithm = findAlgorithm('RS256')
if (algorithm === undefined) throw new Error('RS256 is known')
const plainHeader: TokenHeader = { algorithm, keyId: 'k', type: 'jwt', hasNonce: false }

/** What the checks on the kind of token say: `passed`, or the reason of the refusal. */
function judge(profile: IssuerProfile, claims: Claims, header: TokenHeader | undefined = plainHeader): string {
  try {
    for (const check of profile.kindChecks) check({ header, claims, profile, now: 0 })
    return 'passed'
  } catch (error) {
    if (error instanceof TokenError) return error.reason
    throw error
  }
}

describe('no person is behind', () => {
  const cases: readonly (readonly [keyof typeof presets, Claims, boolean])[] = [
    ['adfs', { appid: 'app' }, true],
    ['adfs', { appid: 'app', sub: 'app' }, true],
    ['adfs', { appid: 'app', sub: 'someone' }, false],
    ['adfs', { appid: 'app', upn: 'alice@company.com' }, false],
    ['adfs', { appid: 'app', unique_name: 'alice' }, false],
    ['adfs', { appid: 'app', upn: 'alice@company.com', unique_name: 'alice', sub: 'app' }, false],
    ['auth0', { gty: 'client-credentials', sub: 'x@clients' }, true],
    ['auth0', { gty: 'client-credentials', sub: 'auth0|1' }, true],
    ['auth0', { sub: 'x@clients' }, true],
    ['auth0', { sub: '@clients.example|1' }, false],
    ['auth0', { sub: 'auth0|1' }, false],
    ['auth0', { gty: 'password' }, false],
    ['cognito', { sub: 'a', client_id: 'a' }, true],
    ['cognito', { sub: 'person', client_id: 'a' }, false],
    ['entraId', { idtyp: 'app', scp: 'read' }, true],
    ['entraId', {}, true],
    ['entraId', { scp: 'read' }, false],
    ['entraId', { idtyp: 'user', scp: 'read' }, false],
    ['google', { email: 'robot@project.iam.gserviceaccount.com' }, true],
    ['google', { email: 'alice@company.com' }, false],
    ['google', { email: '.gserviceaccount.com@company.com' }, false],
    ['google', {}, false],
    ['keycloak', { client_id: 'job', preferred_username: 'service-account-job' }, true],
    ['keycloak', { preferred_username: 'service-account-job' }, false],
    ['keycloak', { client_id: 'job', preferred_username: 'alice' }, false],
    ['keycloak', { client_id: 'job' }, false],
    ['keycloak', { client_id: 7, preferred_username: 'service-account-job' }, false],
    ['okta', { sub: 'app', cid: 'app' }, true],
    ['okta', { sub: 'app', cid: 'app', uid: '00u1' }, false],
    ['okta', { sub: 'alice@company.com', cid: 'app' }, false],
  ]
  it.each(cases)('a token of %s with %j: %s', (name, claims, isService) => {
    expect(profiles[name].dialect.isService(claims)).toBe(isService)
  })
})

describe('the kind of token', () => {
  const entra = { iss: `https://login.microsoftonline.com/${tenant}/v2.0`, tid: tenant, ver: '2.0', azp: 'a', scp: 's' }
  const cases: readonly (readonly [keyof typeof presets, Claims, string])[] = [
    ['adfs', { aud: audience }, 'passed'],
    ['adfs', { aud: audience, nonce: 'n' }, 'not_an_access_token'],
    ['adfs', { aud: 'urn:microsoft:userinfo' }, 'not_an_access_token'],
    ['adfs', { aud: [audience, 'urn:microsoft:userinfo'] }, 'not_an_access_token'],
    ['cognito', { token_use: 'access', scope: 'a' }, 'passed'],
    ['cognito', { token_use: 'id', scope: 'a' }, 'not_an_access_token'],
    ['cognito', { scope: 'a' }, 'not_an_access_token'],
    ['cognito', { token_use: 'access', scope: 'aws.cognito.signin.user.admin' }, 'not_an_access_token'],
    ['cognito', { token_use: 'access', scope: 'aws.cognito.signin.user.admin a' }, 'passed'],
    ['entraId', entra, 'passed'],
    ['entraId', { ...entra, tid: otherTenant, iss: entra.iss.replace(tenant, otherTenant) }, 'passed'],
    ['entraId', { ...entra, tid: '22222222-2222-4333-8444-555555555555' }, 'tenant_not_allowed'],
    ['entraId', { ...entra, tid: otherTenant }, 'claim_invalid'],
    ['entraId', { ...entra, ver: '1.0' }, 'claim_invalid'],
    ['entraId', { ...entra, iss: [entra.iss] }, 'claim_invalid'],
    ['entraId', { ...entra, iss: [entra.iss], ver: '1.0' }, 'claim_invalid'],
    ['entraId', { ...entra, iss: `https://sts.windows.net/${tenant}/`, ver: '1.0' }, 'passed'],
    ['entraId', { ...entra, scp: undefined }, 'not_an_access_token'],
    ['entraId', { ...entra, scp: undefined, roles: [] }, 'not_an_access_token'],
    ['entraId', { ...entra, scp: undefined, roles: 'reader' }, 'not_an_access_token'],
    ['entraId', { ...entra, scp: undefined, roles: ['reader'] }, 'passed'],
    ['entraId', { ...entra, nonce: 'n' }, 'not_an_access_token'],
    ['entraId', { ...entra, azp: undefined }, 'not_an_access_token'],
    ['entraId', { ...entra, azp: undefined, appid: 'a' }, 'passed'],
    ['entraId', { ...entra, idp: entra.iss }, 'passed'],
    ['entraId', { ...entra, idp: `https://sts.windows.net/${tenant}/` }, 'passed'],
    ['entraId', { ...entra, idp: `https://sts.windows.net/${otherTenant}/` }, 'guest_not_allowed'],
    ['entraId', { ...entra, idp: 'live.com' }, 'guest_not_allowed'],
    ['entraId', { ...entra, idp: [tenant] }, 'guest_not_allowed'],
    ['entraId', { ...entra, acct: 0 }, 'passed'],
    ['entraId', { ...entra, acct: 1 }, 'guest_not_allowed'],
    ['entraId', { ...entra, acct: '1' }, 'guest_not_allowed'],
    ['google', { hd: 'company.com' }, 'passed'],
    ['google', { hd: 'company.org' }, 'passed'],
    ['google', { hd: 'other.example' }, 'domain_not_allowed'],
    ['google', {}, 'domain_not_allowed'],
    ['keycloak', { typ: 'Bearer' }, 'passed'],
    ['keycloak', { typ: 'DPoP' }, 'passed'],
    ['keycloak', { typ: 'ID' }, 'not_an_access_token'],
    ['keycloak', {}, 'not_an_access_token'],
    ['okta', { jti: 'AT.1' }, 'passed'],
    ['okta', { jti: 'AT.ID.' }, 'passed'],
    ['okta', { jti: 'ID.1' }, 'not_an_access_token'],
    ['okta', { jti: 'AT.1', nonce: 'n' }, 'not_an_access_token'],
    ['okta', {}, 'passed'],
  ]
  it.each(cases)('of %s with %j: %s', (name, claims, outcome) => {
    expect(judge(profiles[name], claims)).toBe(outcome)
  })

  it('of Auth0 must be complete when it says that it is written as RFC 9068 asks', () => {
    const [plain, rfc9068] = [plainHeader, { ...plainHeader, type: 'at+jwt' }]
    expect(judge(profiles.auth0, {}, plain)).toBe('passed')
    expect(judge(profiles.auth0, { jti: 'j', client_id: 'c' }, rfc9068)).toBe('passed')
    expect(judge(profiles.auth0, { jti: 'j' }, rfc9068)).toBe('claim_missing')
    expect(judge(profiles.auth0, { client_id: 'c' }, rfc9068)).toBe('claim_missing')
  })

  it('of Entra ID with a nonce in its header is for Microsoft Graph', () => {
    expect(judge(profiles.entraId, entra, { ...plainHeader, hasNonce: true })).toBe('not_an_access_token')
    const guests = entraId({ tenants: [tenant], audience, acceptGuests: true })
    expect(judge(guests, { ...entra, idp: 'live.com', acct: 1 })).toBe('passed')
  })

  it.each(['auth0', 'entraId'] as const)('of %s is judged by its claims where the issuer itself was asked', (name) => {
    const profile = profiles[name]
    const claims = name === 'entraId' ? entra : {}
    for (const check of profile.kindChecks)
      expect(() => check({ header: undefined, claims, profile, now: 0 })).not.toThrow()
  })

  it('of Cognito may be for the pool alone where that is accepted', () => {
    const pool = { issuer: profiles.cognito.issuer, clientIds: ['a'], acceptUserAdminOnly: true }
    const claims = { token_use: 'access', scope: 'aws.cognito.signin.user.admin' }
    expect(judge(cognito(pool), claims)).toBe('passed')
    expect(judge(cognito(pool), { ...claims, token_use: 'id' })).toBe('not_an_access_token')
  })
})

describe('whom a token is for', () => {
  it('says the client of a Cognito token, any of those that are named', () => {
    for (const client of ['a', 'b']) expect(profiles.cognito.isMeantForUs?.({ client_id: client }, [])).toBe(true)
    expect(profiles.cognito.isMeantForUs?.({ client_id: 'c' }, ['c'])).toBe(false)
    expect(profiles.cognito.isMeantForUs?.({}, [])).toBe(false)
    const byAudience = cognito({ issuer: profiles.cognito.issuer, audience: ['c', 'd'] })
    expect(byAudience.isMeantForUs?.({ client_id: 'd' }, ['c', 'd'])).toBe(true)
  })

  it('leaves roles of Cognito and Google to groups: there are none', () => {
    expect(profiles.cognito.dialect.roles({ 'cognito:roles': ['arn'], roles: ['a'] }, [])).toEqual([])
    expect(profiles.google.dialect.roles({ roles: ['a'] }, [])).toEqual([])
  })

  it('gives roles of AD FS from both claims, bare or in a list', () => {
    expect(profiles.adfs.dialect.roles({ role: 'a', roles: ['b', 'c'] }, [])).toEqual(['a', 'b', 'c'])
  })
})

describe('tenants of Entra ID', () => {
  const iss = (of: string) => `https://login.microsoftonline.com/${of}/v2.0`

  it('are told from other issuers by the form of theirs, in any version', () => {
    const both = entraId({ tenants: [tenant], tokenVersions: ['1.0', '2.0'], audience })
    expect(both.isOtherTenant?.(iss(otherTenant))).toBe(true)
    expect(both.isOtherTenant?.(`https://sts.windows.net/${otherTenant}/`)).toBe(true)
    for (const other of [
      'https://other.example/v2.0',
      'https://login.microsoftonline.com/',
      iss('').replace('//v2', '/v2'),
    ])
      expect(both.isOtherTenant?.(other)).toBe(false)
    expect(profiles.entraId.isOtherTenant?.('https://login.microsoftonline.com//v2.0')).toBe(false)
  })

  it('have keys of their own, or keys of all', () => {
    const isKeyFor = profiles.entraId.isKeyFor
    expect(isKeyFor?.('https://login.microsoftonline.com/{tenantid}/v2.0', { tid: tenant })).toBe(true)
    expect(isKeyFor?.(iss(tenant), { tid: tenant })).toBe(true)
    expect(isKeyFor?.(iss(otherTenant), { tid: otherTenant })).toBe(true)
    expect(isKeyFor?.(iss(otherTenant), { tid: tenant })).toBe(false)
    const foreign = '22222222-2222-4333-8444-555555555555'
    expect(isKeyFor?.(iss(foreign), { tid: foreign })).toBe(false)
    expect(isKeyFor?.('https://login.microsoftonline.com/{tenantid}/v2.0', { tid: foreign })).toBe(false)
  })

  it('may have agents, by the facets of the actor', () => {
    const isAgent = profiles.entraId.dialect.isAgent
    for (const facets of ['11', '3 11', ['3', '11'], 11]) expect(isAgent?.({ xms_act_fct: facets })).toBe(true)
    for (const facets of [undefined, null, '', '111', ['1', '1'], '1 1'])
      expect(isAgent?.({ xms_act_fct: facets })).toBe(false)
  })

  it('say when they left groups out', () => {
    const isIncomplete = profiles.entraId.dialect.groups.isIncomplete
    for (const claims of [{ hasgroups: true }, { hasgroups: 'true' }, { _claim_names: { groups: 'src1' } }])
      expect(isIncomplete?.(claims)).toBe(true)
    for (const claims of [{}, { hasgroups: false }, { _claim_names: { other: 'src1' } }, { _claim_names: 'groups' }])
      expect(isIncomplete?.(claims)).toBe(false)
  })
})

describe('the issuer by which Entra ID is known', () => {
  it('is that of its tenant when there is one tenant and one version, else the form of all', () => {
    const form = 'https://login.microsoftonline.com/{tenantid}/v2.0'
    expect(entraId({ tenants: [tenant], audience }).issuer).toBe(form.replace('{tenantid}', tenant))
    expect(entraId({ tenants: [tenant, otherTenant], audience }).issuer).toBe(form)
    expect(entraId({ tenants: [tenant], tokenVersions: ['1.0', '2.0'], audience }).issuer).toBe(form)
  })

  it('may stand beside a list of tenants that has its own', () => {
    const issuer = `https://login.microsoftonline.com/${tenant}/v2.0`
    expect(entraId({ issuer, tenants: [tenant], audience }).issuers).toEqual([issuer])
  })

  it.each([
    ['no tenant', []],
    ['one of two that is no id', [tenant, 'company.com']],
  ])('needs ids of tenants: %s', (_name, tenants) => {
    expect(() => entraId({ tenants, audience })).toThrow('entraId needs the ids of the tenants')
  })
})

describe('Google', () => {
  it.each([0, 300])('may be asked again after %i s', (cacheSeconds) => {
    expect(google({ audience: 'c', cacheSeconds }).online?.cacheSeconds).toBe(cacheSeconds)
  })

  it.each([-1, 301, Number.NaN])('cannot be asked again after %s s', (cacheSeconds) => {
    expect(() => google({ audience: 'c', cacheSeconds })).toThrow('cacheSeconds must be 0 to 300')
  })

  it('needs the clients whose tokens are accepted', () => {
    const nothing = {} as { audience: string }
    expect(() => google(nothing)).toThrow('audience must name the OAuth client ids')
  })

  it('is not asked for the domain of a person where none is demanded', () => {
    expect(google({ audience: 'c' }).kindChecks).toEqual([])
    expect(google({ audience: 'c', hostedDomains: ['company.com'] }).kindChecks).toHaveLength(1)
  })

  it.each(['tokenInfoUri', 'userInfoUri'])('is asked by https: %s', (name) => {
    const settings = { audience: 'c', hostedDomains: ['company.com'], [name]: 'http://company.com/x' }
    expect(() => google(settings)).toThrow(`${name} must be an https address`)
  })
})

it('the issuer of an authorization server is an https address', () => {
  expect(() => oauthIssuer({ issuer: 'http://authorization.company.com' })).toThrow('issuer must be an https address')
})

describe('the issuers of AD FS', () => {
  const trust = 'http://adfs.company.com/adfs/services/trust'

  it('are that of its metadata and that of its access tokens', () => {
    expect(profiles.adfs.issuers).toEqual(['https://adfs.company.com/adfs', trust])
  })

  it('are one, where that is set or given', () => {
    const accessTokenIssuer = 'urn:company'
    expect(adfs({ issuer: 'https://adfs.company.com/adfs', accessTokenIssuer, audience }).issuers).toEqual([
      'urn:company',
    ])
    const byTrust = adfs({ issuer: trust, audience })
    expect(byTrust.issuers).toEqual([trust])
    expect(byTrust.jwksUri).toBe('https://adfs.company.com/adfs/discovery/keys')
  })

  it('are addresses, by https but for the name of the trust', () => {
    expect(() => adfs({ issuer: 'adfs', audience })).toThrow('issuer must be an absolute URL')
    expect(() => adfs({ issuer: undefined as unknown as string, audience })).toThrow('issuer must be an absolute URL')
    expect(() => adfs({ issuer: 'http://adfs.company.com/adfs', audience })).toThrow('issuer must be an https address')
    expect(() => adfs({ issuer: 'http://127.0.0.1/adfs', audience })).toThrow('issuer must be an https address')
    const dangerouslyAllowInsecureHttp = true
    expect(() => adfs({ issuer: 'http://127.0.0.1/adfs', audience, dangerouslyAllowInsecureHttp })).not.toThrow()
  })
})

it.each([
  ['auth0', () => auth0({ issuer: 'http://company.eu.auth0.com/', audience })],
  ['cognito', () => cognito({ issuer: 'http://cognito-idp.eu-central-1.amazonaws.com/a', audience })],
  ['keycloak', () => keycloak({ issuer: 'http://keycloak.company.com/realms/company' })],
  ['okta', () => okta({ issuer: 'http://company.okta.com/oauth2/default', audience })],
  ['entraId', () => entraId({ issuer: `http://login.microsoftonline.com/${tenant}/v2.0`, audience })],
])('the issuer of %s is an https address', (_name, make) => {
  expect(make).toThrow('issuer must be an https address')
})

it('Cognito needs clients or an audience', () => {
  const issuer = profiles.cognito.issuer
  expect(() => cognito({ issuer })).toThrow('cognito needs clientIds or audience')
  expect(() => cognito({ issuer, audience: 'a' })).not.toThrow()
})

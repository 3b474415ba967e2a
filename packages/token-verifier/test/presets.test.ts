import { describe, expect, it } from 'vitest'
import {
  adfs,
  auth0,
  cognito,
  createAccessTokenVerifier,
  entraId,
  google,
  type IssuerProfile,
  keycloak,
  oauthIssuer,
  okta,
} from '../src/index.ts'

const tenant = '9a1c2f5e-4d58-4d3a-8f0b-6f1f0a2b3c44'
const otherTenant = '11111111-2222-4333-8444-555555555555'
const audience = 'https://mcp.company.com/mcp'

describe('a preset knows where its provider keeps things', () => {
  const known: readonly (readonly [string, () => IssuerProfile, readonly string[], string | undefined])[] = [
    [
      'Keycloak',
      () => keycloak({ issuer: 'https://keycloak.company.com/realms/company' }),
      ['https://keycloak.company.com/realms/company'],
      'https://keycloak.company.com/realms/company/protocol/openid-connect/certs',
    ],
    [
      'Auth0',
      () => auth0({ issuer: 'https://company.eu.auth0.com/' }),
      ['https://company.eu.auth0.com/'],
      'https://company.eu.auth0.com/.well-known/jwks.json',
    ],
    [
      'Okta',
      () => okta({ issuer: 'https://company.okta.com/oauth2/default' }),
      ['https://company.okta.com/oauth2/default'],
      'https://company.okta.com/oauth2/default/v1/keys',
    ],
    [
      'Cognito, both names of an issuer',
      () => cognito({ issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a', audience }),
      [
        'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a',
        'https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a',
      ],
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a/.well-known/jwks.json',
    ],
    [
      'Cognito, from the newer name',
      () => cognito({ issuer: 'https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a', audience }),
      [
        'https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a',
        'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a',
      ],
      'https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a/.well-known/jwks.json',
    ],
    [
      'Entra ID, one tenant by its issuer',
      () => entraId({ issuer: `https://login.microsoftonline.com/${tenant}/v2.0`, audience }),
      [`https://login.microsoftonline.com/${tenant}/v2.0`],
      `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
    ],
    [
      'Entra ID, tokens of version 1.0',
      () => entraId({ issuer: `https://sts.windows.net/${tenant}/`, audience }),
      [`https://sts.windows.net/${tenant}/`],
      `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
    ],
    [
      'Entra ID, both versions',
      () => entraId({ tenants: [tenant], tokenVersions: ['1.0', '2.0'], audience }),
      [`https://sts.windows.net/${tenant}/`, `https://login.microsoftonline.com/${tenant}/v2.0`],
      `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
    ],
    [
      'Entra ID, several tenants',
      () =>
        entraId({
          issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
          tenants: [tenant, otherTenant],
          audience,
        }),
      [`https://login.microsoftonline.com/${tenant}/v2.0`, `https://login.microsoftonline.com/${otherTenant}/v2.0`],
      'https://login.microsoftonline.com/common/discovery/v2.0/keys',
    ],
    [
      'Entra ID, the cloud of the US government',
      () => entraId({ tenants: [tenant], cloud: 'us-government', audience }),
      [`https://login.microsoftonline.us/${tenant}/v2.0`],
      `https://login.microsoftonline.us/${tenant}/discovery/v2.0/keys`,
    ],
    [
      'AD FS, whose tokens name another issuer',
      () => adfs({ issuer: 'https://adfs.company.com/adfs' }),
      ['https://adfs.company.com/adfs', 'http://adfs.company.com/adfs/services/trust'],
      'https://adfs.company.com/adfs/discovery/keys',
    ],
    [
      'AD FS, told the issuer of its tokens',
      () => adfs({ issuer: 'https://adfs.company.com/adfs', accessTokenIssuer: 'urn:company:adfs' }),
      ['urn:company:adfs'],
      'https://adfs.company.com/adfs/discovery/keys',
    ],
    [
      'Google, whose access tokens have no keys',
      () => google({ audience: 'client' }),
      ['https://accounts.google.com'],
      undefined,
    ],
    [
      'an authorization server, by its metadata',
      () => oauthIssuer({ issuer: 'https://authorization.company.com' }),
      ['https://authorization.company.com'],
      undefined,
    ],
  ]

  it.each(known)('%s', (_name, make, issuers, jwksUri) => {
    const profile = make()
    expect(profile.issuers).toEqual(issuers)
    expect(profile.jwksUri).toBe(jwksUri)
  })
})

describe('a preset refuses a wrong setting when it is made', () => {
  const issuer = 'https://keycloak.company.com/realms/company'
  const wrong: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['an issuer that is no URL', () => keycloak({ issuer: 'company' }), /issuer must be an absolute URL/],
    [
      'an issuer over http',
      () => keycloak({ issuer: 'http://keycloak.company.com/realms/x' }),
      /must be an https address/,
    ],
    [
      'an issuer over http that is not this machine, even where http was switched on',
      () => keycloak({ issuer: 'http://keycloak.company.com/realms/x', dangerouslyAllowInsecureHttp: true }),
      /must be an https address/,
    ],
    ['a key set over http', () => keycloak({ issuer, jwksUri: 'http://keycloak.company.com/keys' }), /jwksUri must be/],
    ['a key set with a password', () => keycloak({ issuer, jwksUri: 'https://a:b@company.com/keys' }), /no user name/],
    ['no algorithm', () => keycloak({ issuer, algorithms: [] }), /algorithms must be among/],
    ['an HMAC algorithm', () => keycloak({ issuer, algorithms: ['HS256' as 'RS256'] }), /found HS256/],
    ['the algorithm none', () => keycloak({ issuer, algorithms: ['none' as 'RS256'] }), /found none/],
    ['an empty audience', () => keycloak({ issuer, audience: '' }), /audience must name/],
    ['an empty list of audiences', () => keycloak({ issuer, audience: [] }), /audience must name/],
    ['an empty client', () => keycloak({ issuer, clientIds: ['a', ''] }), /clientIds must name/],
    ['Auth0 without the slash', () => auth0({ issuer: 'https://company.eu.auth0.com' }), /must end with a slash/],
    [
      'the org authorization server of Okta',
      () => okta({ issuer: 'https://company.okta.com' }),
      /custom authorization server/,
    ],
    [
      'Okta with a path behind',
      () => okta({ issuer: 'https://company.okta.com/oauth2/default/' }),
      /custom authorization server/,
    ],
    [
      'Cognito with neither clients nor audience',
      () => cognito({ issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/p' }),
      /clientIds or audience/,
    ],
    ['Entra ID without a tenant', () => entraId({ audience }), /needs the ids of the tenants/],
    [
      'Entra ID for everybody',
      () => entraId({ issuer: 'https://login.microsoftonline.com/common/v2.0', audience }),
      /needs the ids of the tenants/,
    ],
    [
      'Entra ID with a tenant that is no id',
      () => entraId({ tenants: ['company.com'], audience }),
      /ids of the tenants/,
    ],
    [
      'Entra ID with a tenant that is not in its own list',
      () => entraId({ issuer: `https://login.microsoftonline.com/${tenant}/v2.0`, tenants: [otherTenant], audience }),
      /must contain the tenant of issuer/,
    ],
    ['AD FS without a URL', () => adfs({ issuer: 'adfs' }), /issuer must be an absolute URL/],
    [
      'Google with a cache of ten minutes',
      () => google({ audience: 'c', cacheSeconds: 600 }),
      /cacheSeconds must be 0 to 300/,
    ],
    [
      'introspection with a cache of ten minutes',
      () => keycloak({ issuer, introspection: { clientId: 'a', clientSecret: 'b', cacheSeconds: 600 } }),
      /cacheSeconds must be 0 to 300/,
    ],
    [
      'introspection over http',
      () => keycloak({ issuer, introspection: { clientId: 'a', clientSecret: 'b', endpoint: 'http://company.com/i' } }),
      /introspection endpoint must be an https address/,
    ],
  ]

  it.each(wrong)('%s', (_name, make, message) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })

  it.each(['http://localhost:8483/realms/company', 'http://127.0.0.1/realms/company', 'http://[::1]:1/realms/company'])(
    'but takes http on this machine where it was switched on: %s',
    (address) => {
      expect(() => keycloak({ issuer: address })).toThrow(TypeError)
      expect(keycloak({ issuer: address, dangerouslyAllowInsecureHttp: true }).issuer).toBe(address)
    },
  )
})

describe('a verifier refuses a wrong setting when it is made', () => {
  const issuers = [keycloak({ issuer: 'https://keycloak.company.com/realms/company' })]
  const make = (settings: object) => () => createAccessTokenVerifier({ resource: audience, issuers, ...settings })

  it.each([
    ['no resource', { resource: undefined }, /resource must be an absolute URI/],
    ['a relative resource', { resource: '/mcp' }, /resource must be an absolute URI/],
    ['a resource with a fragment', { resource: 'https://mcp.company.com/mcp#a' }, /without a fragment/],
    ['no issuers', { issuers: [] }, /issuers must name at least one/],
    ['an issuer twice', { issuers: [...issuers, ...issuers] }, /twice/],
    ['a tolerance of 61 s', { clockToleranceSeconds: 61 }, /clockToleranceSeconds must be 0 to 60/],
    ['a negative tolerance', { clockToleranceSeconds: -1 }, /clockToleranceSeconds must be 0 to 60/],
    ['a tolerance that is no number', { clockToleranceSeconds: Number.NaN }, /clockToleranceSeconds/],
    ['no lifetime', { maxTokenLifetimeSeconds: 0 }, /maxTokenLifetimeSeconds/],
    ['tokens of 1,023 characters', { maxTokenLength: 1023 }, /maxTokenLength must be 1024 to 65536/],
    ['tokens of 65,537 characters', { maxTokenLength: 65_537 }, /maxTokenLength must be 1024 to 65536/],
    ['key sets without time', { keySets: { timeoutMs: 0 } }, /keySets.timeoutMs/],
    ['proofs of 301 s', { dpop: { proofLifetimeSeconds: 301 } }, /proofLifetimeSeconds must be 1 to 300/],
  ])('%s', (_name, settings, message) => {
    expect(make(settings)).toThrow(TypeError)
    expect(make(settings)).toThrow(message)
  })

  it.each([
    { clockToleranceSeconds: 0 },
    { clockToleranceSeconds: 60 },
    { maxTokenLength: 1024 },
    { maxTokenLength: 65_536 },
    { dpop: { proofLifetimeSeconds: 300 } },
    { clockToleranceSeconds: undefined },
  ])('and takes the bounds themselves: %o', (settings) => {
    expect(() => make(settings)().close()).not.toThrow()
  })

  it('warns of http once for each issuer, and of nothing else', () => {
    const warnings: string[] = []
    const issuer = 'http://localhost:8483/realms/company'
    const dangerous = keycloak({ issuer, dangerouslyAllowInsecureHttp: true })
    make({ issuers: [dangerous, ...issuers], onWarning: (message: string) => warnings.push(message) })().close()
    expect(warnings).toEqual([expect.stringContaining(`dangerouslyAllowInsecureHttp: keys of ${issuer}`)])
  })
})

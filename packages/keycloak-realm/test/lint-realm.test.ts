import { describe, expect, it } from 'vitest'
import { buildRealm, type CompanyRealm, developmentSettings, lintRealm } from '../src/index.ts'

function broken(change: (realm: CompanyRealm) => void) {
  const realm = structuredClone(buildRealm(developmentSettings()))
  change(realm)
  return lintRealm(realm, { development: true }).map(({ rule }) => rule)
}

const { corporateIdp } = developmentSettings()
const samlBroker = buildRealm({ ...developmentSettings(), corporateIdp: { ...corporateIdp, protocol: 'saml' } })
  .identityProviders?.[0]?.config

function clientOf(realm: CompanyRealm, clientId: string) {
  const client = realm.clients?.find((candidate) => candidate.clientId === clientId)
  if (client === undefined) throw new Error(`no client ${clientId}`)
  return client
}

describe('lintRealm', () => {
  it.each<[rule: string, title: string, change: (realm: CompanyRealm) => void]>([
    [
      'KC-01',
      'a wildcard redirect',
      (realm) => Object.assign(clientOf(realm, 'mcp-cli'), { redirectUris: ['http://127.0.0.1/*'] }),
    ],
    [
      'KC-01',
      'plain http off loopback',
      (realm) => Object.assign(clientOf(realm, 'mcp-cli'), { redirectUris: ['http://company.com/'] }),
    ],
    ['KC-01', 'every web origin', (realm) => Object.assign(clientOf(realm, 'console'), { webOrigins: ['*'] })],
    ['KC-02', 'the implicit flow', (realm) => Object.assign(clientOf(realm, 'console'), { implicitFlowEnabled: true })],
    [
      'KC-03',
      'a password grant',
      (realm) => Object.assign(clientOf(realm, 'mcp-cli'), { directAccessGrantsEnabled: true }),
    ],
    ['KC-04', 'a public client without PKCE', (realm) => Object.assign(clientOf(realm, 'console'), { attributes: {} })],
    ['KC-04', 'no policy that enforces PKCE', (realm) => Object.assign(realm, { clientPolicies: { policies: [] } })],
    ['KC-05', 'access tokens of more than an hour', (realm) => Object.assign(realm, { accessTokenLifespan: 3601 })],
    ['KC-06', 'refresh tokens that stay', (realm) => Object.assign(realm, { revokeRefreshToken: false })],
    ['KC-06', 'refresh tokens that may come back', (realm) => Object.assign(realm, { refreshTokenMaxReuse: 1 })],
    ['KC-07', 'no brute-force protection', (realm) => Object.assign(realm, { bruteForceProtected: false })],
    ['KC-09', 'a person in the document', (realm) => realm.users?.push({ username: 'alice' })],
    [
      'KC-10',
      'an audience on a client',
      (realm) =>
        Object.assign(clientOf(realm, 'console'), { protocolMappers: [audience('http://localhost:8481/mcp')] }),
    ],
    [
      'KC-10',
      'an audience that is no client',
      (realm) => realm.clientScopes?.[0]?.protocolMappers.push(audience('https://other.example')),
    ],
    ['KC-11', 'full scope', (realm) => Object.assign(clientOf(realm, 'console'), { fullScopeAllowed: true })],
    [
      'KC-12',
      'a broker that checks no signature',
      (realm) => Object.assign(realm.identityProviders?.[0]?.config ?? {}, { validateSignature: 'false' }),
    ],
    [
      'KC-12',
      'a SAML broker that takes unsigned assertions',
      (realm) =>
        Object.assign(realm.identityProviders?.[0] ?? {}, {
          providerId: 'saml',
          config: { ...samlBroker, wantAssertionsSigned: 'false' },
        }),
    ],
    [
      'KC-12',
      'a broker whose e-mail addresses are trusted',
      (realm) => Object.assign(realm.identityProviders?.[0] ?? {}, { trustEmail: true }),
    ],
    [
      'KC-12',
      'a mapper that runs once',
      (realm) => Object.assign(realm.identityProviderMappers?.[0]?.config, { syncMode: 'IMPORT' }),
    ],
    ['KC-13', 'admin events without details', (realm) => Object.assign(realm, { adminEventsDetailsEnabled: false })],
    ['KC-14', 'an old Keycloak', (realm) => Object.assign(realm, { keycloakVersion: '26.7.0' })],
    ['KC-15', 'offline access', (realm) => clientOf(realm, 'mcp-cli').optionalClientScopes?.push('offline_access')],
    [
      'KC-15',
      'offline access for every client that registers',
      (realm) => Object.assign(realm, { defaultOptionalClientScopes: ['offline_access'] }),
    ],
    [
      'KC-15',
      'offline access in every token of clients that register',
      (realm) => Object.assign(realm, { defaultDefaultClientScopes: ['offline_access'] }),
    ],
    [
      'KC-16',
      'a secret in the document',
      (realm) => Object.assign(clientOf(realm, 'corporate-idp-provisioner'), { secret: 'hunter2' }),
    ],
    ['KC-17', 'a tool scope that needs no role', (realm) => Object.assign(realm, { clientScopeMappings: {} })],
  ])('%s finds %s', (rule, _title, change) => {
    expect(new Set(broken(change))).toEqual(new Set([rule]))
  })

  it('KC-08 finds plain http outside development', () => {
    const findings = lintRealm(buildRealm(developmentSettings()))
    expect(findings.map(({ rule, path }) => `${rule} ${path}`)).toContain('KC-08 sslRequired')
  })

  it('accepts Keycloak 26.7.1 and newer', () => {
    for (const keycloakVersion of ['26.7.1', '26.8.0', '27.0.0']) {
      expect(broken((realm) => Object.assign(realm, { keycloakVersion }))).toEqual([])
    }
  })
})

function audience(clientId: string) {
  return {
    name: 'audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': clientId },
  }
}

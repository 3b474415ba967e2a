import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js'
import { providerNames, providers } from '@mcp-identity/provider-dialects'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  buildRealm,
  developmentSettings,
  groupGrants,
  lintRealm,
  type RealmSettings,
  toolScopeNames,
} from '../src/index.ts'

const settings = developmentSettings()
const production: RealmSettings = {
  ...settings,
  keycloakUrl: 'https://id.company.com',
  resource: 'https://mcp.company.com/mcp',
  corporateIdp: { issuer: 'https://login.company.com', adminResource: 'https://login.company.com/admin' },
  consoleOrigin: 'https://console.company.com',
  development: false,
}
const { resource } = settings

function client(clientId: string, from = buildRealm(settings)) {
  const found = from.clients?.find((candidate) => candidate.clientId === clientId)
  if (found === undefined) throw new Error(`no client ${clientId}`)
  return found
}

describe('the corporate IdP', () => {
  it('is reached by Keycloak at `serverUrl` and by browsers at its issuer', () => {
    const serverUrl = 'http://corporate-idp:8482'
    const built = buildRealm({ ...settings, corporateIdp: { ...settings.corporateIdp, serverUrl } })
    const { issuer } = settings.corporateIdp
    expect(built.identityProviders?.[0]?.config).toMatchObject({
      issuer,
      authorizationUrl: `${issuer}/auth`,
      logoutUrl: `${issuer}/session/end`,
      tokenUrl: `${serverUrl}/token`,
      jwksUrl: `${serverUrl}/jwks`,
    })
  })

  it('is not reached over http outside development', () => {
    const corporateIdp = { ...production.corporateIdp, serverUrl: 'http://corporate-idp:8482' }
    expect(() => buildRealm({ ...production, corporateIdp })).toThrow(
      /corporateIdp\.serverUrl must be an https address/,
    )
  })
})

describe('the document', () => {
  it('is the same for the same settings', () => {
    expect(JSON.stringify(buildRealm(settings))).toBe(JSON.stringify(buildRealm(structuredClone(settings))))
  })

  it('holds no ids and no secrets, only placeholders', () => {
    const text = JSON.stringify(buildRealm({ ...settings, profile: 'preview' }))
    expect(text).not.toMatch(/"(id|internalId|containerId)":/)
    const secrets = [...text.matchAll(/"(?:secret|clientSecret)":"([^"]*)"/g)].map(([, secret]) => secret)
    expect(secrets.length).toBeGreaterThan(2)
    for (const secret of secrets) expect(secret).toMatch(/^\$\{KC_[A-Z_]+_SECRET\}$/)
  })

  it.each([
    ['development', settings, true],
    ['production', production, false],
    ['preview', { ...settings, profile: 'preview' as const }, true],
  ])('passes every lint rule: %s', (_name, from, development) => {
    expect(lintRealm(buildRealm(from), { development })).toEqual([])
  })

  it('does not become invalid JSON for any realm name and port', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/),
        fc.integer({ min: 1024, max: 65_000 }),
        (realm, port) => {
          const built = buildRealm({ ...developmentSettings(port), realm })
          expect(JSON.parse(JSON.stringify(built))).toEqual(built)
          expect(lintRealm(built, { development: true })).toEqual([])
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('settings', () => {
  it.each([
    ['resource', { resource: `${resource}/` }, /resource must have no query/],
    ['resource', { resource: 'mcp' }, /resource must be an absolute URI/],
    ['keycloakUrl', { keycloakUrl: 'http://localhost:8483/auth' }, /keycloakUrl must be an origin/],
    ['http in production', { development: false }, /must be an https address outside development/],
    ['http off loopback', { resource: 'http://mcp.company.com/mcp' }, /http on loopback/],
    ['an hour and a second', { accessTokenLifespanSeconds: 3601 }, /from 30 to 3600, found 3601/],
    ['too long a refresh', { refreshLifespanSeconds: 2_592_001 }, /refreshLifespanSeconds/],
    ['no key', { serviceJwks: { keys: [] } }, /serviceJwks must hold/],
    ['a private key', { serviceJwks: { keys: [{ kty: 'EC', d: 'x' }] } }, /holds private members/],
    ['everybody', { selfRegistrationHosts: ['*'] }, /would admit everyone/],
    ['realm', { realm: 'My Realm' }, /realm must be lower-case/],
  ])('are refused: %s', (_name, change, message) => {
    expect(() => buildRealm({ ...settings, ...change })).toThrow(message)
  })

  it('are all named when several are wrong', () => {
    expect(() => buildRealm({ ...settings, realm: '', accessTokenLifespanSeconds: 0 })).toThrow(
      /realm must be[\s\S]*accessTokenLifespanSeconds|accessTokenLifespanSeconds[\s\S]*realm must be/,
    )
  })

  it('accept an hour for access tokens and no more', () => {
    expect(buildRealm({ ...settings, accessTokenLifespanSeconds: 3600 }).accessTokenLifespan).toBe(3600)
  })
})

describe('clients', () => {
  it('may redirect to exact addresses only', () => {
    const uris = buildRealm(settings).clients?.flatMap(({ redirectUris = [] }) => redirectUris)
    expect(uris).toEqual([
      'http://127.0.0.1/callback',
      'http://localhost:8480/',
      'http://localhost:8480/silent-check-sso.html',
    ])
  })

  it('take no passwords, not even the ones that Keycloak brings', () => {
    const realm = buildRealm(settings)
    for (const { clientId, directAccessGrantsEnabled } of realm.clients ?? []) {
      expect(directAccessGrantsEnabled, clientId).toBe(false)
    }
    expect(client('admin-cli').enabled).toBe(false)
  })

  it('are offered neither offline sessions nor event streams, whether imported or registered later', () => {
    const realm = buildRealm(settings)
    const offered = [
      ...(realm.defaultDefaultClientScopes ?? []),
      ...(realm.defaultOptionalClientScopes ?? []),
      ...(realm.clients ?? []).flatMap(({ defaultClientScopes = [], optionalClientScopes = [] }) => [
        ...defaultClientScopes,
        ...optionalClientScopes,
      ]),
    ]
    for (const scope of ['offline_access', 'ssf.read', 'ssf.manage']) expect(offered).not.toContain(scope)
    // Keycloak would make these and offer them, were they not there.
    expect(realm.clientScopes?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['offline_access', 'ssf.read', 'ssf.manage']),
    )
  })

  it('have a resource server whose id is the resource', () => {
    expect(client(resource)).toMatchObject({
      publicClient: false,
      standardFlowEnabled: false,
      attributes: { resource_url: resource },
    })
  })

  it('have a service client that shows its key and has no secret', () => {
    const service = client('nightly-report')
    expect(service).toMatchObject({ clientAuthenticatorType: 'client-jwt', serviceAccountsEnabled: true })
    expect(service.secret).toBeUndefined()
    expect(JSON.parse(service.attributes?.['jwks.string'])).toEqual(settings.serviceJwks)
    expect(service.attributes?.['token.endpoint.auth.signing.alg']).toBe('ES256')
  })
})

describe('permissions', () => {
  it('stand in one table: group, client roles, scopes', () => {
    const table = Object.fromEntries(
      (buildRealm(settings).groups ?? []).map(({ name, clientRoles }) => [name, clientRoles?.[resource] ?? []]),
    )
    expect(table).toEqual({
      'All Staff': [],
      'Customer Admins': ['read:customers', 'write:own-data', 'write:customers'],
      'Customer Readers': ['read:customers'],
      'Account Managers': ['read:customers', 'write:own-data'],
      Administrators: ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance'],
      Operations: ['read:customers', 'admin:reports'],
      'Data Analysts': ['read:customers', 'admin:reports'],
      'Directory Administrators': ['admin:reports'],
    })
  })

  it('make each scope need the role of its name', () => {
    const mappings = buildRealm(settings).clientScopeMappings?.[resource]
    for (const scope of toolScopeNames) expect(mappings).toContainEqual({ clientScope: scope, roles: [scope] })
  })

  it('let nobody in who is neither staff nor the service that the company made', () => {
    const { scopeMappings, groups, users } = buildRealm(settings)
    const role = 'may-use-mcp-server'
    expect(scopeMappings).toEqual([{ clientScope: 'basic', roles: [role] }])
    expect(groups?.filter(({ realmRoles }) => realmRoles?.includes(role)).map(({ name }) => name)).toEqual([
      'All Staff',
    ])
    expect(users?.filter(({ realmRoles }) => realmRoles?.includes(role)).map(({ username }) => username)).toEqual([
      'service-account-nightly-report',
    ])
  })

  it('let directory administrators alone use the admin API', () => {
    const api = settings.corporateIdp.adminResource
    const groups = (buildRealm(settings).groups ?? []).filter(({ clientRoles }) => clientRoles?.[api])
    expect(groups.map(({ name }) => name)).toEqual(['Directory Administrators'])
  })

  it('let all staff, and nobody else, end their own sessions', () => {
    const groups = (buildRealm(settings).groups ?? []).filter(({ clientRoles }) => clientRoles?.account)
    expect(groups.map(({ name }) => name)).toEqual(['All Staff'])
    expect(client('account')).toMatchObject({ enabled: true, standardFlowEnabled: false, redirectUris: [] })
    expect(buildRealm(settings).clientScopeMappings?.account).toEqual([
      { clientScope: 'own:sessions', roles: ['manage-account'] },
    ])
  })

  it('open the keys of the realm to the console of directory administrators in development, and never elsewhere', () => {
    const holders = (from: RealmSettings) =>
      (buildRealm(from).groups ?? []).filter(({ clientRoles }) => clientRoles?.['realm-management'])
    expect(holders(settings).map(({ name }) => name)).toEqual(['Directory Administrators'])
    const offered = buildRealm(settings).clients?.filter(({ optionalClientScopes }) =>
      optionalClientScopes?.includes('realm:keys'),
    )
    expect(offered?.map(({ clientId }) => clientId)).toEqual(['console'])
    expect(holders(production)).toEqual([])
    expect(JSON.stringify(buildRealm(production))).not.toMatch(/realm:keys|manage-realm/)
  })

  it('map every group at every sign-in', () => {
    const mappers = buildRealm(settings).identityProviderMappers ?? []
    for (const { group } of groupGrants) {
      expect(mappers).toContainEqual(
        expect.objectContaining({
          name: `group ${group}`,
          config: expect.objectContaining({ syncMode: 'FORCE', group: `/${group}` }),
        }),
      )
    }
  })
})

describe('what every MCP client gets without asking, registered by itself or beforehand', () => {
  const { clientScopes = [] } = buildRealm(settings)
  const mappersOf = (scope: string): ProtocolMapperRepresentation[] =>
    clientScopes.find(({ name }) => name === scope)?.protocolMappers ?? []
  const claimsOf = (scope: string) =>
    mappersOf(scope).map(({ protocolMapper, config }) => config?.['claim.name'] ?? protocolMapper)

  it.each([
    ['the subject', 'oidc-sub-mapper'],
    ['when the person signed in, for `max_age`', 'auth_time'],
    ['how, for `acr_values`', 'oidc-acr-mapper'],
    ['the audience of the MCP server', 'oidc-audience-mapper'],
  ])('%s', (_title, claim) => expect(claimsOf('basic')).toContain(claim))

  it('is a default of the realm and of each client that is there from the start', () => {
    expect(buildRealm(settings).defaultDefaultClientScopes).toContain('basic')
    for (const clientId of ['mcp-cli', 'nightly-report']) {
      expect(client(clientId).defaultClientScopes).toContain('basic')
    }
  })

  it.each(toolScopeNames)('comes with the audience again in %s, for clients that ask for nothing else', (scope) => {
    const audiences = mappersOf(scope).map(({ config }) => config?.['included.client.audience'])
    expect(audiences).toContain(resource)
  })
})

describe('policies for clients', () => {
  const enforced = (from: RealmSettings, policy: string) => {
    const { profiles = [] } = buildRealm(from).clientProfiles ?? {}
    return profiles.find(({ name }) => name === policy)?.executors?.map(({ executor }) => executor)
  }

  it.each([
    ['every client', ['reject-implicit-grant', 'reject-ropc-grant']],
    ['public clients', ['pkce-enforcer']],
    ['clients that register themselves', ['secure-redirect-uris-enforcer']],
  ])('hold %s to %j', (policy, executors) => {
    for (const from of [settings, production]) expect(enforced(from, policy)).toEqual(executors)
  })

  it('hold a redeemed identity assertion to the scopes that it names', () => {
    const preview = { ...settings, profile: 'preview' as const }
    expect(enforced(preview, 'identity assertions')).toEqual(['downscope-assertion-grant-enforcer'])
  })
})

describe('registration', () => {
  const anonymous = (from: RealmSettings, providerId: string) =>
    buildRealm(from).components['org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy']?.find(
      (policy) => policy.subType === 'anonymous' && policy.providerId === providerId,
    )?.config
  const trustedHosts = (from: RealmSettings) => anonymous(from, 'trusted-hosts')
  const hosts = (from: RealmSettings) => trustedHosts(from)?.['trusted-hosts']

  it('is open to nobody in production', () => expect(hosts(production)).toEqual([]))
  it('is refused in production to clients without any URI, too', () => {
    expect(trustedHosts(production)?.['host-sending-registration-request-must-match']).toEqual(['true'])
  })
  it.each([
    ['only for redirects to trusted hosts', 'trusted-hosts', { 'client-uris-must-match': ['true'] }],
    ['with the consent of each person', 'consent-required', {}],
    ['without roles that nobody asked for', 'scope', {}],
    ['for so many clients and no more', 'max-clients', { 'max-clients': ['200'] }],
    ['without mappers of its own', 'allowed-protocol-mappers', { 'allowed-protocol-mapper-types': [] }],
    ['without web origins', 'registration-web-origins', { 'web-origins': [] }],
    [
      'with every scope of a tool, so that it can step up',
      'allowed-client-templates',
      { 'allowed-client-scopes': expect.arrayContaining(['openid', ...toolScopeNames]) },
    ],
  ])('is open %s', (_title, policy, config) => {
    for (const from of [settings, production]) {
      expect(anonymous(from, policy)).toBeDefined()
      expect(anonymous(from, policy)).toMatchObject(config)
    }
  })
  it('is open to loopback in development', () => expect(hosts(settings)).toEqual(['localhost', '127.0.0.1']))
})

describe('profiles', () => {
  it('use no metadata documents and no identity assertions in stable', () => {
    const text = JSON.stringify(buildRealm(settings))
    expect(text).not.toContain('client-id-metadata-document')
    expect(text).not.toContain('jwtAuthorizationGrant')
    expect(text).not.toContain('ssf.enabled')
  })

  it('push security events of the realm to the MCP server, and nowhere else, in preview', () => {
    const { attributes, clients } = buildRealm({ ...settings, profile: 'preview' })
    expect(attributes?.['ssf.transmitterEnabled']).toBe('true')
    const receivers = clients?.filter((client) => client.attributes?.['ssf.enabled'] === 'true')
    expect(receivers?.map(({ clientId }) => clientId)).toEqual([settings.resource])
    const origin = new URL(settings.resource).origin
    expect(receivers?.[0]?.attributes).toMatchObject({
      'ssf.stream.aud': settings.resource,
      'ssf.stream.delivery.endpointUrl': `${origin}/signals/ssf`,
      'ssf.validPushUrls': `${origin}/signals/*`,
    })
  })

  it('use both in preview', () => {
    const text = JSON.stringify(buildRealm({ ...settings, profile: 'preview' }))
    expect(text).toContain('client-id-metadata-document')
    expect(text).toContain('jwtAuthorizationGrantEnabled')
  })
})

describe('the corporate IdP', () => {
  const brokered = (name: keyof typeof providers) =>
    buildRealm({ ...settings, corporateIdp: { ...settings.corporateIdp, provider: providers[name] } })
  const mappersOf = (name: keyof typeof providers) => brokered(name).identityProviderMappers ?? []
  const configOf = (name: keyof typeof providers) => brokered(name).identityProviders?.[0]?.config ?? {}

  it.each(providerNames)('may be any provider: %s', (name) => {
    expect(lintRealm(brokered(name), { development: true })).toEqual([])
    const { issuer, authorizationUrl, tokenUrl, jwksUrl } = configOf(name)
    for (const address of [issuer, authorizationUrl, tokenUrl, jwksUrl]) {
      expect(String(address).startsWith(settings.corporateIdp.issuer)).toBe(true)
    }
    const groups = mappersOf(name).filter(({ identityProviderMapper }) => identityProviderMapper?.includes('group'))
    expect(groups).toHaveLength(providers[name].claimNames.groups === undefined ? 0 : groupGrants.length)
  })

  it.each(providerNames)('has no template that Keycloak would fill in while it imports the realm: %s', (name) => {
    const template = mappersOf(name).find((mapper) => mapper.name === 'username')?.config?.template
    expect(template).toMatch(/^\$\{CLAIM\.[^:}]+\}$/)
  })

  it('tells the groups of Entra ID by their ids', () => {
    const mapper = mappersOf('entra').find(({ name }) => name === 'group Customer Admins')
    expect(mapper?.config).toMatchObject({ group: '/Customer Admins' })
    const [{ key, value }] = JSON.parse(mapper?.config?.claims)
    expect([key, value]).toEqual(['groups', providers.entra.groups.valueOf('Customer Admins')])
    expect(value).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  })

  it('lets in the company\u2019s own tenant of Entra ID and its own Workspace domain only', () => {
    expect(configOf('entra')).toMatchObject({ filteredByClaim: 'true', claimFilterName: 'tid' })
    const { claimFilterName, claimFilterValue = '' } = configOf('google')
    expect(claimFilterName).toBe('hd')
    // Keycloak asks whether the whole value matches this regular expression.
    const filter = new RegExp(`^(?:${claimFilterValue})$`)
    expect([filter.test('company.com'), filter.test('companyxcom')]).toEqual([true, false])
    expect(configOf('okta').filteredByClaim).toBeUndefined()
  })

  it('reads namespaced claims of Auth0 as one name, dots and all', () => {
    const department = mappersOf('auth0').find(({ name }) => name?.endsWith('department'))
    expect(department?.config?.claim).toBe('https://company\\.com/department')
    const group = mappersOf('auth0').find(({ name }) => name === 'group Operations')
    expect(JSON.parse(group?.config?.claims)[0].key).toBe('https://company\\.com/groups')
  })
})

describe('the corporate IdP of an acquired company', () => {
  const acquired = {
    alias: 'acquired',
    displayName: 'Acquired company',
    issuer: 'http://localhost:8499',
    provider: providers.okta,
    groups: { 'All Staff': 'All Staff', Sales: 'Customer Readers' },
  }
  const realm = buildRealm({ ...settings, acquired: [acquired] })
  const mappersOf = (alias: string) =>
    (realm.identityProviderMappers ?? []).filter(({ identityProviderAlias }) => identityProviderAlias === alias)
  const configOf = (alias: string, mapper: string) => mappersOf(alias).find(({ name }) => name === mapper)?.config

  it('stands beside the first, with a secret of its own and as little trust in e-mail addresses', () => {
    expect(realm.identityProviders).toHaveLength(2)
    expect(realm.identityProviders?.[1]).toMatchObject({
      alias: 'acquired',
      trustEmail: false,
      firstBrokerLoginFlowAlias: 'corp-first-login',
      config: { issuer: 'http://localhost:8499/oauth2/default', clientSecret: `\${KC_ACQUIRED_CLIENT_SECRET}` },
    })
    expect(lintRealm(realm, { development: true })).toEqual([])
    expect(mappersOf('corporate')).toEqual(buildRealm(settings).identityProviderMappers)
  })

  it('gives its people user names that nobody of the company has', () => {
    expect(configOf('acquired', 'username')?.template).toBe(`acquired.\${CLAIM.preferred_username | localpart}`)
  })

  it('gives a group of its own only what the realm says that it stands for', () => {
    const groups = mappersOf('acquired').flatMap(({ name, config }) => (config?.group ? [[name, config.group]] : []))
    expect(groups).toEqual([
      ['group All Staff', '/All Staff'],
      ['group Sales', '/Customer Readers'],
    ])
  })

  it('is named by its issuer in the tokens of its people', () => {
    expect(configOf('acquired', 'issuer')).toMatchObject({ 'attribute.value': 'http://localhost:8499/oauth2/default' })
    expect(configOf('corporate', 'issuer')).toMatchObject({ 'attribute.value': settings.corporateIdp.issuer })
  })

  it.each([
    ['an alias that is taken', { alias: 'corporate' }, /alias corporate is taken/],
    ['an alias that could end up in another name', { alias: 'ac.me' }, /alias must be/],
    ['a group that the realm does not have', { groups: { Sales: 'Sales' } }, /groups leads to Sales/],
    ['an address of the network over http', { issuer: 'http://login.acquired.example' }, /issuer/],
  ])('may not have %s', (_what, change, problem) => {
    expect(() => buildRealm({ ...settings, acquired: [{ ...acquired, ...change }] })).toThrow(problem)
  })
})

describe('the corporate IdP over SAML 2.0', () => {
  const saml: RealmSettings = { ...settings, corporateIdp: { ...settings.corporateIdp, protocol: 'saml' } }
  const realm = buildRealm(saml)
  const [broker] = realm.identityProviders ?? []

  it('is trusted by its metadata, with signed assertions and signed requests only', () => {
    expect(lintRealm(realm, { development: true })).toEqual([])
    expect(broker).toMatchObject({ alias: 'corporate', providerId: 'saml', trustEmail: false })
    expect(broker?.config).toMatchObject({
      entityId: `${settings.keycloakUrl}/realms/${settings.realm}`,
      validateSignature: 'true',
      wantAssertionsSigned: 'true',
      wantAuthnRequestsSigned: 'true',
      useMetadataDescriptorUrl: 'true',
      principalType: 'SUBJECT',
    })
    expect(broker?.config?.nameIDPolicyFormat).toMatch(/:persistent$/)
  })

  it('gives a person the same attributes and the same groups as over OpenID Connect', () => {
    const targetsOf = (of: RealmSettings) =>
      (buildRealm(of).identityProviderMappers ?? []).map(({ config }) => config?.['user.attribute'] ?? config?.group)
    expect(targetsOf(saml)).toEqual(targetsOf(settings))
  })

  it('has no template that Keycloak would fill in while it imports the realm', () => {
    const username = realm.identityProviderMappers?.find(({ name }) => name === 'username')
    expect(username?.config?.template).toBe(`${'$'}{ATTRIBUTE.uid}`)
  })

  it('holds no key and no secret of the broker', () => {
    expect(JSON.stringify(broker)).not.toMatch(/secret|certificate/i)
  })

  it('does not go with the preview profile, whose identity assertions are OpenID Connect', () => {
    expect(() => buildRealm({ ...saml, profile: 'preview' })).toThrow(/preview needs corporateIdp.protocol oidc/)
  })
})

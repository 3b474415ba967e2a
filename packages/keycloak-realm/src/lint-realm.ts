import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js'
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js'
import type IdentityProviderMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderMapperRepresentation.js'
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js'
import { directoriesOf, directoryRules } from './directory-rules.ts'
import type { CheckedRule, LintableRealm, LintOptions, RealmFinding, RealmRule } from './realm-rule.ts'

/** The oldest Keycloak without a known hole in what this realm uses (registration policies, CVE-2026-15572). */
const oldestKeycloak = [26, 7, 1]

/**
 * Checks a realm against the rules for authorization servers that guard MCP servers (RFC 9700, ASVS 10.4).
 *
 * Looks at the document only: it does not ask a running Keycloak, and does not compare with what was intended
 * (see {@link compareRealm}).
 *
 * @returns Findings in the order of the rules; empty when all hold.
 */
export function lintRealm(realm: LintableRealm, options: LintOptions = {}): RealmFinding[] {
  const full = { longestAccessTokenLifespanSeconds: 3600, development: false, ...options }
  return checkedRules.flatMap(({ id, check }) => check(realm, full).map((finding) => ({ rule: id, ...finding })))
}

const checkedRules: readonly CheckedRule[] = [
  {
    id: 'KC-01',
    title: 'redirect URIs and web origins are exact',
    mend: 'Clients → the client → Valid redirect URIs, Web origins: whole addresses, without *.',
    check: (realm, { development }) =>
      clientsWith(realm, (client) => [
        ...(client.redirectUris ?? []).flatMap((uri) => redirectProblem(uri, development)),
        ...(client.webOrigins ?? []).flatMap((origin) =>
          origin === '*' || origin === '+' ? [`web origin ${origin} must be an exact origin`] : [],
        ),
      ]),
  },
  {
    id: 'KC-02',
    title: 'the implicit flow is off',
    mend: 'Clients → the client → Capability config → Implicit flow: off.',
    check: (realm) =>
      clientsWith(realm, ({ implicitFlowEnabled }) => (implicitFlowEnabled ? ['the implicit flow must be off'] : [])),
  },
  {
    id: 'KC-03',
    title: 'the password grant is off',
    mend: 'Clients → the client → Capability config → Direct access grants: off.',
    check: (realm) =>
      clientsWith(realm, ({ directAccessGrantsEnabled }) =>
        directAccessGrantsEnabled === false ? [] : ['the password grant must be switched off in so many words'],
      ),
  },
  {
    id: 'KC-04',
    title: 'public clients must use PKCE with S256',
    mend: 'Clients → the client → Advanced → Proof Key for Code Exchange Code Challenge Method: S256; Realm settings → Client policies: a policy for public clients with the executor pkce-enforcer.',
    check: (realm) => [
      ...clientsWith(realm, ({ publicClient, standardFlowEnabled, attributes }) =>
        publicClient && standardFlowEnabled && attributes?.['pkce.code.challenge.method'] !== 'S256'
          ? ['PKCE must be S256 (attribute pkce.code.challenge.method)']
          : [],
      ),
      ...(hasExecutor(realm, 'pkce-enforcer')
        ? []
        : [{ path: 'clientProfiles', message: 'a client policy must enforce PKCE for public clients' }]),
    ],
  },
  {
    id: 'KC-05',
    title: 'access tokens live an hour at most',
    mend: 'Realm settings → Tokens → Access Token Lifespan: 1 hour or less.',
    check: ({ accessTokenLifespan = 300 }, { longestAccessTokenLifespanSeconds: longest }) =>
      accessTokenLifespan <= longest
        ? []
        : [
            {
              path: 'accessTokenLifespan',
              message: `must be at most ${longest} seconds, found ${accessTokenLifespan}`,
            },
          ],
  },
  {
    id: 'KC-06',
    title: 'refresh tokens rotate',
    mend: 'Realm settings → Tokens → Revoke Refresh Token: on, Refresh Token Max Reuse: 0.',
    check: ({ revokeRefreshToken, refreshTokenMaxReuse }) =>
      revokeRefreshToken === true && refreshTokenMaxReuse === 0
        ? []
        : [
            {
              path: 'revokeRefreshToken',
              message: 'refresh tokens must rotate, and one that comes back must end the session',
            },
          ],
  },
  {
    id: 'KC-07',
    title: 'guessing passwords is slowed down',
    mend: 'Realm settings → Security defenses → Brute force detection: on.',
    check: ({ bruteForceProtected }) =>
      bruteForceProtected ? [] : [{ path: 'bruteForceProtected', message: 'must be on' }],
  },
  {
    id: 'KC-08',
    title: 'the realm asks for https',
    mend: 'Realm settings → General → Require SSL: external requests or all requests.',
    check: ({ sslRequired }, { development }) =>
      development || sslRequired === 'all' || sslRequired === 'external'
        ? []
        : [{ path: 'sslRequired', message: `must be all or external outside development, found ${sslRequired}` }],
  },
  {
    id: 'KC-09',
    title: 'people come from the corporate IdP',
    mend: 'Take the people out of the realm document: they arrive with their first sign-in or by SCIM.',
    check: ({ users = [] }) =>
      users
        .filter(({ serviceAccountClientId }) => serviceAccountClientId === undefined)
        .map(({ username }) => ({
          path: `users[${username}]`,
          message: 'people come from the corporate IdP; the realm document must hold service accounts only',
        })),
  },
  {
    id: 'KC-10',
    title: 'audiences come from scopes of the resource server',
    mend: 'Client scopes → the tool scope → Mappers: one Audience mapper with Included Client Audience; none on clients.',
    check: strayAudiences,
  },
  {
    id: 'KC-11',
    title: 'tokens carry only the roles that were asked for',
    mend: 'Clients → the client → Client scopes → the dedicated scope → Scope → Full scope allowed: off.',
    check: (realm) =>
      clientsWith(realm, ({ fullScopeAllowed }) =>
        fullScopeAllowed === false ? [] : ['full scope must be switched off in so many words'],
      ),
  },
  {
    id: 'KC-12',
    title: 'identities from the corporate IdP are checked and kept up to date',
    mend: 'Identity providers → the provider: Validate Signatures, Use JWKS URL and PKCE with S256 on, Trust Email off, Sync mode Force; its mappers: Sync mode override Force.',
    check: brokerProblems,
  },
  {
    id: 'KC-13',
    title: 'events are kept',
    mend: 'Realm settings → Events → User events, Admin events: Save events and Include representation on.',
    check: (realm) =>
      (['eventsEnabled', 'adminEventsEnabled', 'adminEventsDetailsEnabled'] as const)
        .filter((setting) => realm[setting] !== true)
        .map((setting) => ({ path: setting, message: 'must be on: revocation is read from the events' })),
  },
  {
    id: 'KC-14',
    title: 'Keycloak has no known hole in what is used',
    mend: 'Update Keycloak.',
    check: ({ keycloakVersion }) => versionProblem(keycloakVersion),
  },
  {
    id: 'KC-15',
    title: 'offline_access is not offered',
    mend: 'Clients → the client → Client scopes: remove offline_access; Client scopes: set its Assigned type to None.',
    check: (realm) => [
      ...(['defaultDefaultClientScopes', 'defaultOptionalClientScopes'] as const)
        .filter((list) => realm[list]?.includes('offline_access'))
        .map((list) => ({ path: list, message: 'must not offer offline_access to clients that register' })),
      ...clientsWith(realm, ({ defaultClientScopes = [], optionalClientScopes = [] }) =>
        [...defaultClientScopes, ...optionalClientScopes].includes('offline_access')
          ? ['must not have offline_access: such a session outlives a sign-out']
          : [],
      ),
    ],
  },
  {
    id: 'KC-16',
    title: 'secrets are not in the document',
    mend: 'Write a placeholder that names an environment variable in place of the secret and set that variable where Keycloak runs; rotate the secret that was written down.',
    check: (realm) => [
      ...clientsWith(realm, ({ secret }) => secretProblems(secret)),
      ...directoriesOf(realm).flatMap(({ path, setting }) =>
        secretProblems(setting('bindCredential')).map((message) => ({ path: `${path}.bindCredential`, message })),
      ),
    ],
  },
  {
    id: 'KC-17',
    title: 'tool scopes are granted by role',
    mend: 'Client scopes → the tool scope → Scope: assign the role that grants it.',
    check: ({ clientScopes = [], clientScopeMappings = {} }) => ungatedScopes(clientScopes, clientScopeMappings),
  },
  ...directoryRules,
]

/** Every rule that {@link lintRealm} applies, in its order. */
export const realmRules: readonly RealmRule[] = checkedRules.map(({ id, title, mend }) => ({ id, title, mend }))

function clientsWith(realm: LintableRealm, check: (client: ClientRepresentation) => string[]) {
  return (realm.clients ?? [])
    .filter(({ enabled, bearerOnly }) => enabled !== false && bearerOnly !== true)
    .flatMap((client) => check(client).map((message) => ({ path: `clients[${client.clientId}]`, message })))
}

function secretProblems(secret: string | undefined): string[] {
  return secret === undefined || /^\$\{[A-Z_]+\}$/.test(secret) || /^\*+$/.test(secret)
    ? []
    : ['the secret must be a placeholder that Keycloak fills in from its environment']
}

function redirectProblem(uri: string, development: boolean): string[] {
  if (uri.includes('*')) return [`redirect URI ${uri} must not hold a wildcard`]
  if (!URL.canParse(uri)) return [`redirect URI ${uri} must be absolute`]
  const { protocol, hostname } = new URL(uri)
  if (protocol === 'https:') return []
  // RFC 8252 section 7.3: http is right for a loopback address, in production too.
  if (protocol === 'http:' && (hostname === '127.0.0.1' || hostname === '[::1]')) return []
  return development && hostname === 'localhost' ? [] : [`redirect URI ${uri} must use https`]
}

function hasExecutor({ clientProfiles, clientPolicies }: LintableRealm, executor: string): boolean {
  const profiles = (clientProfiles?.profiles ?? []).filter((profile) =>
    profile.executors?.some((candidate) => candidate.executor === executor),
  )
  return (clientPolicies?.policies ?? []).some(
    (policy) => policy.enabled && profiles.some(({ name }) => name !== undefined && policy.profiles?.includes(name)),
  )
}

/** An audience is given by one scope of the resource server it names, never by a mapper on a client. */
function strayAudiences(realm: LintableRealm): Omit<RealmFinding, 'rule'>[] {
  const clientIds = new Set((realm.clients ?? []).map(({ clientId }) => clientId))
  const fromScopes = ((realm.clientScopes ?? []) as ClientScopeRepresentation[]).flatMap((scope) =>
    audiencesOf(scope.protocolMappers).flatMap(({ audience }) =>
      clientIds.has(audience)
        ? []
        : [{ path: `clientScopes[${scope.name}]`, message: `audience ${audience} is no client of this realm` }],
    ),
  )
  const fromClients = clientsWith(realm, (client) =>
    audiencesOf(client.protocolMappers)
      .filter(({ ofClient }) => ofClient)
      .map(({ audience }) => `audience ${audience} must come from a scope, not from the client`),
  )
  return [...fromScopes, ...fromClients]
}

function audiencesOf(mappers: ProtocolMapperRepresentation[] = []) {
  return mappers
    .filter(({ protocolMapper }) => protocolMapper === 'oidc-audience-mapper')
    .map(({ config = {} }) => {
      const client = config['included.client.audience']
      return { ofClient: Boolean(client), audience: String(client || config['included.custom.audience']) }
    })
}

/** Settings of an identity provider without which its word is worth nothing, by protocol. */
const requiredOfBroker: Record<string, [setting: string, value: string][]> = {
  oidc: [
    ['validateSignature', 'true'],
    ['useJwksUrl', 'true'],
    ['pkceEnabled', 'true'],
    ['pkceMethod', 'S256'],
    ['syncMode', 'FORCE'],
  ],
  saml: [
    ['validateSignature', 'true'],
    ['wantAssertionsSigned', 'true'],
    ['wantAuthnRequestsSigned', 'true'],
    ['useMetadataDescriptorUrl', 'true'],
    ['syncMode', 'FORCE'],
  ],
}

function brokerProblems(realm: LintableRealm): Omit<RealmFinding, 'rule'>[] {
  const providers = (realm.identityProviders ?? []).flatMap(({ alias, trustEmail, config = {}, providerId }) => [
    ...(trustEmail ? [{ path: `identityProviders[${alias}]`, message: 'trustEmail must be off' }] : []),
    ...(requiredOfBroker[providerId ?? ''] ?? [])
      .filter(([setting, value]) => config[setting] !== value)
      .map(([setting, value]) => ({
        path: `identityProviders[${alias}].config.${setting}`,
        message: `must be ${value}, found ${config[setting]}`,
      })),
  ])
  const mappers = ((realm.identityProviderMappers ?? []) as IdentityProviderMapperRepresentation[])
    .filter(({ config }) => config?.syncMode !== 'FORCE')
    .map(({ name }) => ({
      path: `identityProviderMappers[${name}]`,
      message: 'syncMode must be FORCE, or a change in the directory never arrives',
    }))
  return [...providers, ...mappers]
}

function versionProblem(version: string | undefined): Omit<RealmFinding, 'rule'>[] {
  if (version === undefined) return []
  const found = version.split('.').map((part) => Number.parseInt(part, 10))
  const difference = oldestKeycloak.map((least, index) => (found[index] ?? 0) - least).find((step) => step !== 0) ?? 0
  return difference >= 0
    ? []
    : [{ path: 'keycloakVersion', message: `must be at least ${oldestKeycloak.join('.')}, found ${version}` }]
}

/** A scope that gives an audience and stands in tokens must be carried by a role, or everybody gets it. */
function ungatedScopes(
  clientScopes: ClientScopeRepresentation[],
  mappings: Record<string, { clientScope?: string; roles?: string[] }[]>,
): Omit<RealmFinding, 'rule'>[] {
  const gated = new Set(
    Object.values(mappings)
      .flat()
      .filter(({ roles = [] }) => roles.length > 0)
      .map(({ clientScope }) => clientScope),
  )
  return clientScopes
    .filter(({ attributes }) => attributes?.['include.in.token.scope'] !== 'false')
    .filter(({ protocolMappers, name }) => audiencesOf(protocolMappers).length > 0 && !gated.has(name))
    .map(({ name }) => ({
      path: `clientScopes[${name}]`,
      message: 'must be mapped to a role, or everybody is granted it',
    }))
}

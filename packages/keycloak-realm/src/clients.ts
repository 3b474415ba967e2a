import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js'
import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js'
import {
  accountClientId,
  clientIds,
  directoryAdminScope,
  entryRole,
  identityProviderAlias,
  ownSessionsScope,
  realmKeysScope,
  realmManagementClientId,
  secretPlaceholders,
} from './names.ts'
import { administrativeRoles, serviceToolRoles, toolScopeNames } from './permissions.ts'
import { addressAudienceMapper, clientRolesMapper, serviceAccountMapper, subjectMapper } from './protocol-mappers.ts'
import { defaultScopeNames, optionalScopeNames } from './scopes.ts'
import type { CheckedRealmSettings } from './settings.ts'
import { streamAttributes } from './signal-stream.ts'

/** Keycloak creates these clients in every realm. Nobody signs in to them here, and `admin-cli` would take passwords. */
export const unusedBuiltInClientIds = ['account-console', 'admin-cli', 'security-admin-console']

/** Every client that the realm knows from the start. Each flow is off unless its client needs it. */
export function buildClients(settings: CheckedRealmSettings): ClientRepresentation[] {
  return [
    resourceServer(settings),
    adminApi(settings),
    commandLineClient(),
    consoleClient(settings),
    serviceClient(settings),
    provisioner(settings),
    ...(settings.profile === 'preview' ? [enterpriseClient()] : []),
    accountApi(),
    ...unusedBuiltInClientIds.map(unusedBuiltInClient),
  ]
}

/** The accounts behind clients that act for nobody, with exactly the roles that they need. */
export function buildServiceAccounts({ resource }: CheckedRealmSettings): UserRepresentation[] {
  return [
    { ...serviceAccount(clientIds.service, { [resource]: [...serviceToolRoles] }), realmRoles: [entryRole] },
    serviceAccount(clientIds.provisioner, {
      [realmManagementClientId]: [...administrativeRoles[clientIds.provisioner]],
    }),
    serviceAccount(resource, { [realmManagementClientId]: [...administrativeRoles.resourceServer] }),
  ]
}

/** Client → administrative roles that its tokens may carry. The account behind it must have them as well. */
export function buildAdministrativeScopeMappings({ resource }: CheckedRealmSettings) {
  return [
    { client: resource, roles: [...administrativeRoles.resourceServer] },
    { client: clientIds.provisioner, roles: [...administrativeRoles[clientIds.provisioner]] },
  ]
}

/**
 * The MCP server. Its `clientId` is its resource URI, so that the audience of a token, the client that may introspect
 * it and the resource that was asked for are one string. It signs nobody in; it introspects and reads events.
 */
function resourceServer(settings: CheckedRealmSettings): ClientRepresentation {
  const { resource, profile } = settings
  return {
    ...confidentialClient,
    clientId: resource,
    name: 'MCP server',
    description: 'Resource server: acts only on access tokens issued for it',
    secret: secretPlaceholders.resourceServer,
    serviceAccountsEnabled: true,
    attributes: { resource_url: resource, ...(profile === 'preview' ? streamAttributes(settings) : {}) },
    defaultClientScopes: [],
    optionalClientScopes: [],
    protocolMappers: [subjectMapper, clientRolesMapper(realmManagementClientId)],
  }
}

/** The corporate IdP's admin API as a resource server. It needs no tokens of its own. */
function adminApi({ corporateIdp }: CheckedRealmSettings): ClientRepresentation {
  return {
    ...confidentialClient,
    clientId: corporateIdp.adminResource,
    name: 'Company directory',
    description: "The corporate IdP's admin API",
    attributes: { resource_url: corporateIdp.adminResource },
    defaultClientScopes: [],
    optionalClientScopes: [],
  }
}

/** MCP clients on a person's machine. The port of a loopback redirect is free (RFC 8252 section 7.3). */
function commandLineClient(): ClientRepresentation {
  return {
    ...publicClient,
    clientId: clientIds.cli,
    name: 'MCP command line client',
    redirectUris: ['http://127.0.0.1/callback'],
    webOrigins: [],
    defaultClientScopes: defaultScopeNames,
    optionalClientScopes: [...optionalScopeNames, directoryAdminScope],
  }
}

/** Tokens of the console reach further than those of MCP clients, one scope for each of its pages that needs one. */
function consoleClient({ consoleOrigin, development }: CheckedRealmSettings): ClientRepresentation {
  return {
    ...publicClient,
    clientId: clientIds.console,
    name: 'Console',
    baseUrl: `${consoleOrigin}/`,
    redirectUris: [`${consoleOrigin}/`, `${consoleOrigin}/silent-check-sso.html`],
    webOrigins: [consoleOrigin],
    attributes: { ...publicClient.attributes, 'post.logout.redirect.uris': `${consoleOrigin}/` },
    defaultClientScopes: defaultScopeNames,
    optionalClientScopes: [
      ...optionalScopeNames,
      directoryAdminScope,
      ownSessionsScope,
      ...(development ? [realmKeysScope] : []),
    ],
  }
}

/**
 * The nightly job: no person, no password, a key that never leaves its machine (RFC 7523 section 2.2).
 *
 * Keycloak 26.7 answers 500 to client credentials with a `resource` unless they get a refresh token too, and MCP
 * clients always send `resource`. So they get one, and it ends with the access token; the session gives the token a
 * `sid` by which it can be cut off.
 */
function serviceClient({ serviceJwks, accessTokenLifespanSeconds }: CheckedRealmSettings): ClientRepresentation {
  return {
    ...confidentialClient,
    clientId: clientIds.service,
    name: 'Nightly report',
    clientAuthenticatorType: 'client-jwt',
    serviceAccountsEnabled: true,
    attributes: {
      'use.jwks.url': 'false',
      'use.jwks.string': 'true',
      'jwks.string': JSON.stringify(serviceJwks),
      'token.endpoint.auth.signing.alg': 'ES256',
      'client_credentials.use_refresh_token': 'true',
      'client.session.idle.timeout': String(accessTokenLifespanSeconds),
      'client.session.max.lifespan': String(accessTokenLifespanSeconds),
    },
    defaultClientScopes: [...defaultScopeNames, ...serviceToolRoles],
    // MCP clients ask for the scopes that the challenge names; those without a role are left out of the answer, while a
    // scope that the client does not have at all would be refused.
    optionalClientScopes: optionalScopeNames.filter((scope) => !serviceToolRoles.some((granted) => granted === scope)),
    protocolMappers: [serviceAccountMapper],
  }
}

/** The corporate IdP when it tells Keycloak about people: SCIM, and the logout that sets a person's not-before. */
function provisioner({ keycloakUrl, realm }: CheckedRealmSettings): ClientRepresentation {
  return {
    ...confidentialClient,
    clientId: clientIds.provisioner,
    name: 'Corporate IdP, provisioning',
    secret: secretPlaceholders.provisioner,
    serviceAccountsEnabled: true,
    defaultClientScopes: [],
    optionalClientScopes: [],
    protocolMappers: [
      subjectMapper,
      clientRolesMapper(realmManagementClientId),
      // Keycloak's SCIM endpoint takes only tokens that were made for it.
      addressAudienceMapper(`${keycloakUrl}/realms/${realm}/scim/v2`),
    ],
  }
}

/**
 * An assistant that the company manages: it redeems identity assertions (ID-JAG) of the corporate IdP, so that nobody
 * has to sign in or consent in the realm. It asks for no scopes when it redeems; a client policy gives it those that
 * the assertion names, as far as the person has the roles.
 */
function enterpriseClient(): ClientRepresentation {
  return {
    ...confidentialClient,
    clientId: clientIds.enterprise,
    name: 'Enterprise assistant',
    secret: secretPlaceholders.enterprise,
    attributes: {
      'oauth2.jwt.authorization.grant.enabled': 'true',
      'oauth2.jwt.authorization.grant.idp': identityProviderAlias,
    },
    defaultClientScopes: [...defaultScopeNames, ...toolScopeNames],
    optionalClientScopes: [],
  }
}

/** Keycloak's account API, by which people see and end their own sessions. Nobody signs in to it. */
function accountApi(): ClientRepresentation {
  return {
    ...unusedBuiltInClient(accountClientId),
    description: 'The account API: own sessions and clients',
    enabled: true,
  }
}

function unusedBuiltInClient(clientId: string): ClientRepresentation {
  return {
    ...everyFlowOff,
    clientId,
    description: 'Built into Keycloak, not used here',
    enabled: false,
    publicClient: true,
    redirectUris: [],
    webOrigins: [],
    defaultClientScopes: [],
    optionalClientScopes: [],
  }
}

function serviceAccount(clientId: string, clientRoles: Record<string, string[]>): UserRepresentation {
  return {
    username: `service-account-${clientId.toLowerCase()}`,
    enabled: true,
    serviceAccountClientId: clientId,
    clientRoles,
  }
}

const everyFlowOff = {
  protocol: 'openid-connect',
  enabled: true,
  bearerOnly: false,
  standardFlowEnabled: false,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  fullScopeAllowed: false,
  consentRequired: false,
  frontchannelLogout: false,
} satisfies ClientRepresentation

const publicClient = {
  ...everyFlowOff,
  publicClient: true,
  standardFlowEnabled: true,
  attributes: { 'pkce.code.challenge.method': 'S256' },
} satisfies ClientRepresentation

const confidentialClient = {
  ...everyFlowOff,
  publicClient: false,
  redirectUris: [],
  webOrigins: [],
} satisfies ClientRepresentation

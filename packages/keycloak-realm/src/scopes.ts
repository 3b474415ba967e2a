import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js'
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js'
import {
  accountClientId,
  accountRole,
  directoryAdminScope,
  entryRole,
  ownSessionsScope,
  realmKeysScope,
  realmManagementClientId,
} from './names.ts'
import { realmKeysRole, toolScopeNames, toolScopes } from './permissions.ts'
import {
  allowedOriginsMapper,
  attributeMapper,
  audienceMapper,
  authenticationLevelMapper,
  authenticationTimeMapper,
  clientRolesMapper,
  fullNameMapper,
  groupsMapper,
  identityProviderMapper,
  subjectMapper,
} from './protocol-mappers.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** Scopes that every MCP client has without asking. */
export const defaultScopeNames = ['basic', 'roles']

/** Standard names that OpenID Connect clients ask for by habit; the claims come with `basic` anyway. */
const habitualScopes = { profile: 'Your name and department', email: 'Your e-mail address' }

/** Scopes that an MCP client may ask for. */
export const optionalScopeNames = [...toolScopeNames, ...Object.keys(habitualScopes)]

/**
 * Scopes that no client has. Keycloak would make them itself and offer them to every client that registers; it leaves
 * them alone when they are there already. An offline session would outlive a sign-out.
 */
export const unofferedScopeNames = ['offline_access', 'ssf.read', 'ssf.manage']

/** All client scopes of the realm. */
export function buildClientScopes(settings: CheckedRealmSettings): ClientScopeRepresentation[] {
  const { resource, corporateIdp, development } = settings
  return [
    basicScope(resource),
    rolesScope(resource),
    ...Object.entries(toolScopes).map(([name, consent]) => askedScope(name, consent, [audienceMapper(resource)])),
    ...Object.entries(habitualScopes).map(([name, consent]) => askedScope(name, consent, [])),
    askedScope(directoryAdminScope, 'Administer the company directory', [
      audienceMapper(corporateIdp.adminResource),
      clientRolesMapper(corporateIdp.adminResource),
    ]),
    askedScope(ownSessionsScope, 'See and end your own sessions', [
      audienceMapper(accountClientId),
      clientRolesMapper(accountClientId),
      allowedOriginsMapper,
    ]),
    ...(development ? [realmKeys] : []),
    ...unofferedScopeNames.map((name) => silentScope(name, 'Offered to no client', [])),
  ]
}

/**
 * Scope → roles of one client. Keycloak grants a scope that carries roles only to somebody who has one of them:
 * this is how a group of the directory becomes a scope in a token.
 */
export function buildClientScopeMappings({ resource, corporateIdp }: CheckedRealmSettings) {
  return {
    [resource]: [
      { clientScope: 'roles', roles: [...toolScopeNames] },
      ...toolScopeNames.map((name) => ({ clientScope: name, roles: [name] })),
    ],
    [corporateIdp.adminResource]: [{ clientScope: directoryAdminScope, roles: [directoryAdminScope] }],
    [accountClientId]: [{ clientScope: ownSessionsScope, roles: [accountRole] }],
  }
}

/** Scope → administrative roles. None outside development: there the realm's administrators use Keycloak itself. */
export function buildAdministrativeScopes({ development }: CheckedRealmSettings) {
  return development ? [{ clientScope: realmKeysScope, roles: [realmKeysRole] }] : []
}

/** Scope → realm roles: nobody gets `basic`, and with it an audience, who may not use the MCP server at all. */
export function buildRealmScopeMappings() {
  return [{ clientScope: 'basic', roles: [entryRole] }]
}

/**
 * Who the caller is, and for which resource the token is. A client that registers itself and names scopes gets `basic`
 * and nothing else by default, so this is the one place from which every MCP client's token has a subject, an audience
 * and the person's claims. Clients that are no MCP clients do not have this scope, and a service that registered itself cannot
 * get it: its account does not have the role that the scope needs.
 */
function basicScope(resource: string): ClientScopeRepresentation {
  return silentScope('basic', 'The person behind the token, and the MCP server as its audience', [
    subjectMapper,
    authenticationTimeMapper,
    authenticationLevelMapper,
    identityProviderMapper,
    audienceMapper(resource),
    attributeMapper('username', 'preferred_username'),
    attributeMapper('email'),
    fullNameMapper,
    groupsMapper,
    attributeMapper('department'),
    attributeMapper('zoneinfo'),
    attributeMapper('country'),
  ])
}

/** All of the person's roles at the MCP server, also those whose scope was not asked for: what a step-up could reach. */
function rolesScope(resource: string): ClientScopeRepresentation {
  return silentScope('roles', 'Roles at the MCP server', [clientRolesMapper(resource)])
}

/** For the console's page of keys, on one's own machine: the role behind it may change everything in the realm. */
const realmKeys = askedScope(realmKeysScope, "Rotate the realm's signing keys (development)", [
  clientRolesMapper(realmManagementClientId),
  allowedOriginsMapper,
])

function silentScope(
  name: string,
  description: string,
  protocolMappers: ProtocolMapperRepresentation[],
): ClientScopeRepresentation {
  return {
    name,
    description,
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'false', 'display.on.consent.screen': 'false' },
    protocolMappers,
  }
}

function askedScope(
  name: string,
  consent: string,
  protocolMappers: ProtocolMapperRepresentation[],
): ClientScopeRepresentation {
  return {
    name,
    description: consent,
    protocol: 'openid-connect',
    attributes: {
      'include.in.token.scope': 'true',
      'display.on.consent.screen': 'true',
      'consent.screen.text': consent,
    },
    protocolMappers,
  }
}

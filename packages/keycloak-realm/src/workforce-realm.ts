import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js'
import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js'
import { type DirectoryPerson, providers } from '@mcp-identity/provider-dialects'
import { buildRealm, type CompanyRealm } from './build-realm.ts'
import { identityProviderAlias, secretPlaceholders } from './names.ts'
import { attributeMapper, fullNameMapper, groupsMapper, subjectMapper } from './protocol-mappers.ts'
import type { RealmSettings } from './settings.ts'

/** Somebody with a password that everybody knows. Development only. */
export interface WorkforcePerson extends DirectoryPerson {
  readonly password: string
}

/**
 * A realm in which Keycloak itself keeps the people: where a company's sign-in is a Keycloak already. It issues access
 * tokens for the MCP server by the same groups, roles and scopes, and it may stand behind another realm, which brokers it.
 *
 * @param brokerRealms Names of the realms of the same Keycloak that may broker this one.
 * @throws {TypeError} The settings are not for development: published passwords are for nothing else.
 */
export function buildWorkforceRealm(
  settings: RealmSettings,
  people: readonly WorkforcePerson[],
  brokerRealms: readonly string[],
): CompanyRealm {
  if (!settings.development) throw new TypeError('a realm with published passwords is for development only')
  const { browserFlow: _toTheCorporateIdp, ...realm } = buildRealm(settings)
  return {
    ...realm,
    displayName: 'Workforce',
    identityProviders: [],
    identityProviderMappers: [],
    authenticationFlows: [],
    authenticatorConfig: [],
    clients: [...(realm.clients ?? []), ...brokerRealms.map((name) => brokerClient(settings.keycloakUrl, name))],
    users: [...(realm.users ?? []), ...people.map(account)],
  }
}

/** The realm that brokers this one, as a client; it hears of a logout by a logout token. */
function brokerClient(keycloakUrl: string, realm: string): ClientRepresentation {
  const brokering = `${keycloakUrl}/realms/${realm}`
  return {
    clientId: providers.keycloak.clientIds.broker,
    name: `Broker of ${realm}`,
    protocol: 'openid-connect',
    publicClient: false,
    secret: secretPlaceholders.brokerClient,
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    fullScopeAllowed: false,
    redirectUris: [`${brokering}/broker/${identityProviderAlias}/endpoint`],
    webOrigins: [],
    attributes: {
      'pkce.code.challenge.method': 'S256',
      'backchannel.logout.url': `${brokering}/protocol/openid-connect/logout/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
      'post.logout.redirect.uris': `${brokering}/broker/${identityProviderAlias}/endpoint/logout_response`,
    },
    defaultClientScopes: [],
    optionalClientScopes: [],
    protocolMappers: [
      subjectMapper,
      fullNameMapper,
      groupsMapper,
      attributeMapper('username', 'preferred_username'),
      attributeMapper('email'),
      attributeMapper('firstName', 'given_name'),
      attributeMapper('lastName', 'family_name'),
      attributeMapper('department'),
      attributeMapper('zoneinfo'),
      attributeMapper('country'),
    ],
  }
}

function account(person: WorkforcePerson): UserRepresentation {
  const { username, email, givenName, familyName, department, zoneinfo, country, groups, password } = person
  return {
    username,
    email,
    firstName: givenName,
    lastName: familyName,
    enabled: true,
    attributes: { department: [department], zoneinfo: [zoneinfo], country: [country] },
    groups: groups.map((group) => `/${group}`),
    credentials: [{ type: 'password', value: password, temporary: false }],
  }
}

/** Names that other parts of the stack use too. They are fixed; a realm in use would lose its links if one changed. */
export const identityProviderAlias = 'corporate'

/** Note on a session and claim of its tokens: the issuer of the corporate IdP that signed the person in. */
export const identityProviderNote = 'idp'

/** Clients of the realm whose `clientId` is not an address. */
export const clientIds = {
  cli: 'mcp-cli',
  console: 'console',
  service: 'nightly-report',
  provisioner: 'corporate-idp-provisioner',
  enterprise: 'enterprise-assistant',
} as const

/** Placeholders that Keycloak replaces with environment variables while it imports the realm. */
export const secretPlaceholders = {
  brokerClient: keycloakPlaceholder('KC_BROKER_CLIENT_SECRET'),
  provisioner: keycloakPlaceholder('KC_PROVISIONER_SECRET'),
  resourceServer: keycloakPlaceholder('KC_RESOURCE_SERVER_SECRET'),
  /** Of realms with Active Directory only: the password of the account that reads it. */
  directoryReader: keycloakPlaceholder('KC_DIRECTORY_READER_PASSWORD'),
  /** Of the preview profile only. */
  enterprise: keycloakPlaceholder('KC_ENTERPRISE_CLIENT_SECRET'),
}

/** What Keycloak shows the IdP of another company as its secret while it imports: `KC_ACQUIRED_CLIENT_SECRET` for `acquired`. */
export function acquiredClientSecret(alias: string): string {
  return keycloakPlaceholder(`KC_${alias.toUpperCase()}_CLIENT_SECRET`)
}

/** Scope and role of those who run the directory: opens the corporate IdP's admin API. */
export const directoryAdminScope = 'directory:admin'

/** Scope of those who look at their own sessions and clients, and end them: opens Keycloak's account API. */
export const ownSessionsScope = 'own:sessions'

/** The client inside every realm that owns the roles of Keycloak's account API, and the role that opens it. */
export const accountClientId = 'account'
export const accountRole = 'manage-account'

/** Scope that opens the realm's keys and settings at Keycloak's admin API. Development only. */
export const realmKeysScope = 'realm:keys'

/** Realm role of everybody who may use the MCP server at all. Without it a token has neither subject nor audience. */
export const entryRole = 'may-use-mcp-server'

/** The client inside every realm that owns Keycloak's own administrative roles. */
export const realmManagementClientId = 'realm-management'

/** A dollar sign and the name in braces: what Keycloak replaces, when it imports or when it runs. */
export function keycloakPlaceholder(name: string): string {
  return `\${${name}}`
}

/** Group of everybody who works for the company. */
export const groupOfEverybody = 'All Staff'

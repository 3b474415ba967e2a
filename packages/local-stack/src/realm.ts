import type { DomainController } from '@mcp-identity/active-directory/domain-controller'
import { buildRealm, type CompanyRealm, type RealmSettings } from '@mcp-identity/keycloak-realm'
import type { Provider } from '@mcp-identity/provider-dialects'
import { type Addresses, realmName } from './addresses.ts'
import type { Secrets } from './secrets.ts'
import type { RealmProfile } from './settings.ts'

/**
 * The realm of a stack at these addresses.
 *
 * @param options `corporateIdpServerUrl`: where Keycloak itself reaches the corporate IdP, where that is not its issuer;
 *   `domainController`: the Active Directory that stands behind Keycloak in place of it.
 */
export function realmAt(
  addresses: Addresses,
  { serviceKey }: Secrets,
  profile: RealmProfile,
  provider: Provider,
  {
    corporateIdpServerUrl = addresses.corporateIdp,
    domainController,
    protocol = 'oidc',
  }: {
    corporateIdpServerUrl?: string
    domainController?: DomainController | undefined
    protocol?: 'oidc' | 'saml' | undefined
  } = {},
): CompanyRealm {
  const settings = {
    ...realmSettings(addresses, serviceKey, profile),
    corporateIdp: {
      issuer: addresses.corporateIdp,
      serverUrl: corporateIdpServerUrl,
      adminResource: addresses.adminResource,
      provider,
      protocol,
    },
  }
  return buildRealm(withDirectory(settings, domainController))
}

/** What a realm of this stack is like, whoever stands behind it. */
export function realmSettings(
  addresses: Addresses,
  serviceKey: Secrets['serviceKey'],
  profile: RealmProfile,
  realm: string = realmName,
): RealmSettings {
  return {
    realm,
    keycloakUrl: addresses.keycloak,
    resource: addresses.resource,
    corporateIdp: { issuer: addresses.corporateIdp, adminResource: addresses.adminResource },
    consoleOrigin: addresses.console,
    serviceJwks: { keys: [{ ...serviceKey.publicJwk }] },
    profile,
    development: true,
  }
}

/** The same realm with Active Directory behind Keycloak, in place of the corporate IdP. */
function withDirectory(settings: RealmSettings, controller: DomainController | undefined): RealmSettings {
  if (controller === undefined) return settings
  const { url, reader, peopleDn, groupsDn } = controller
  // The domain of the demonstration keeps the time zone among the notes.
  const attributes = { zoneinfo: 'info' }
  return { ...settings, activeDirectory: { url, bindDn: reader.bindDn, peopleDn, groupsDn, attributes } }
}

/** What Keycloak takes from its environment: the first administrator, and the secrets that the realm names. */
export function keycloakEnvironment(secrets: Secrets): Record<string, string> {
  return {
    KC_BOOTSTRAP_ADMIN_USERNAME: keycloakAdminName,
    KC_BOOTSTRAP_ADMIN_PASSWORD: secrets.keycloakAdmin.value,
    KC_BROKER_CLIENT_SECRET: secrets.brokerClient.value,
    KC_PROVISIONER_SECRET: secrets.provisionerClient.value,
    KC_RESOURCE_SERVER_SECRET: secrets.resourceServer.value,
    KC_DIRECTORY_READER_PASSWORD: secrets.directoryReader.value,
    KC_ENTERPRISE_CLIENT_SECRET: secrets.enterpriseClient.value,
  }
}

export const keycloakAdminName = 'admin'

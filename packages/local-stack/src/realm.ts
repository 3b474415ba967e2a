import { buildRealm, type CompanyRealm, type RealmSettings } from '@mcp-identity/keycloak-realm'
import type { Provider } from '@mcp-identity/provider-dialects'
import { type Addresses, realmName } from './addresses.ts'
import type { Secrets } from './secrets.ts'
import type { RealmProfile } from './settings.ts'

/**
 * The realm of a stack at these addresses.
 *
 * @param corporateIdpServerUrl Where Keycloak itself reaches the corporate IdP, where that is not its issuer.
 */
export function realmAt(
  addresses: Addresses,
  { serviceKey }: Secrets,
  profile: RealmProfile,
  provider: Provider,
  corporateIdpServerUrl: string = addresses.corporateIdp,
): CompanyRealm {
  const settings: RealmSettings = {
    realm: realmName,
    keycloakUrl: addresses.keycloak,
    resource: addresses.resource,
    corporateIdp: {
      issuer: addresses.corporateIdp,
      serverUrl: corporateIdpServerUrl,
      adminResource: addresses.adminResource,
      provider,
    },
    consoleOrigin: addresses.console,
    serviceJwks: { keys: [{ ...serviceKey.publicJwk }] },
    profile,
    development: true,
  }
  return buildRealm(settings)
}

/** What Keycloak takes from its environment: the first administrator, and the secrets that the realm names. */
export function keycloakEnvironment(secrets: Secrets): Record<string, string> {
  return {
    KC_BOOTSTRAP_ADMIN_USERNAME: keycloakAdminName,
    KC_BOOTSTRAP_ADMIN_PASSWORD: secrets.keycloakAdmin.value,
    KC_BROKER_CLIENT_SECRET: secrets.brokerClient.value,
    KC_PROVISIONER_SECRET: secrets.provisionerClient.value,
    KC_RESOURCE_SERVER_SECRET: secrets.resourceServer.value,
    KC_ENTERPRISE_CLIENT_SECRET: secrets.enterpriseClient.value,
  }
}

export const keycloakAdminName = 'admin'

import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js'
import { buildUserStorage, guessingLimits, signInTexts, userStorageType } from './active-directory.ts'
import { buildIdentityProviderMappers, buildIdentityProviders } from './broker.ts'
import { buildClientPolicies, buildClientProfiles } from './client-policies.ts'
import { buildAdministrativeScopeMappings, buildClients, buildServiceAccounts } from './clients.ts'
import { eventAttributes, eventSettings } from './events.ts'
import { browserFlowAlias, buildAuthenticationFlows, buildAuthenticatorConfigs } from './flows.ts'
import { buildGroups } from './groups.ts'
import { realmManagementClientId } from './names.ts'
import { buildRegistrationPolicies, type ImportedComponent, registrationPolicyType } from './registration-policies.ts'
import { buildRoles } from './roles.ts'
import {
  buildAdministrativeScopes,
  buildClientScopeMappings,
  buildClientScopes,
  buildRealmScopeMappings,
  defaultScopeNames,
  optionalScopeNames,
} from './scopes.ts'
import { type CheckedRealmSettings, checkRealmSettings, type RealmSettings } from './settings.ts'
import { transmitterAttributes } from './signal-stream.ts'
import { buildUserProfile, userProfileType } from './user-profile.ts'

/** The realm as Keycloak imports it. `components` holds lists, which the admin client's own type does not say. */
export type CompanyRealm = Omit<RealmRepresentation, 'components'> & {
  components: Record<string, ImportedComponent[]>
}

/**
 * Builds the realm of the stack: the corporate IdP in front, group → client role → scope behind it, and the MCP server
 * as the one audience.
 *
 * Pure and deterministic: the same settings give the same document. It holds no ids, no keys and no secrets; secrets
 * are placeholders such as `${KC_PROVISIONER_SECRET}` that Keycloak takes from its environment while it imports.
 *
 * @throws {TypeError} The settings are wrong; the message names each of them.
 */
export function buildRealm(settings: RealmSettings): CompanyRealm {
  const checked = checkRealmSettings(settings)
  const { activeDirectory } = checked
  return {
    realm: checked.realm,
    enabled: true,
    displayName: 'Company',
    ...signInSettings(checked),
    ...lifespans(checked),
    ...eventSettings,
    scimApiEnabled: true,
    attributes: { ...eventAttributes, ...(checked.profile === 'preview' ? transmitterAttributes : {}) },
    roles: buildRoles(checked),
    groups: buildGroups(checked),
    clientScopes: buildClientScopes(checked),
    defaultDefaultClientScopes: defaultScopeNames,
    defaultOptionalClientScopes: optionalScopeNames,
    clients: buildClients(checked),
    clientScopeMappings: {
      ...buildClientScopeMappings(checked),
      [realmManagementClientId]: [...buildAdministrativeScopeMappings(checked), ...buildAdministrativeScopes(checked)],
    },
    scopeMappings: buildRealmScopeMappings(),
    users: buildServiceAccounts(checked),
    ...whoSignsPeopleIn(checked),
    authenticationFlows: buildAuthenticationFlows(checked),
    authenticatorConfig: buildAuthenticatorConfigs(checked),
    browserFlow: browserFlowAlias,
    clientProfiles: buildClientProfiles(checked),
    clientPolicies: buildClientPolicies(checked),
    components: {
      [registrationPolicyType]: buildRegistrationPolicies(checked),
      [userProfileType]: [buildUserProfile()],
      ...(activeDirectory === undefined ? {} : { [userStorageType]: [buildUserStorage(activeDirectory)] }),
    },
  }
}

/** Either a corporate IdP, to which Keycloak sends people on, or Keycloak with the directory behind it. */
function whoSignsPeopleIn(settings: CheckedRealmSettings) {
  if (settings.activeDirectory !== undefined) {
    return {
      internationalizationEnabled: true,
      supportedLocales: ['en'],
      defaultLocale: 'en',
      localizationTexts: signInTexts,
    }
  }
  return {
    identityProviders: buildIdentityProviders(settings),
    identityProviderMappers: buildIdentityProviderMappers(settings),
  }
}

function signInSettings({ development, activeDirectory, resource }: CheckedRealmSettings) {
  return {
    // Only where nothing is encrypted; development is encrypted too where there are several of everything.
    sslRequired: development && resource.startsWith('http:') ? 'none' : 'all',
    registrationAllowed: false,
    resetPasswordAllowed: false,
    rememberMe: false,
    editUsernameAllowed: false,
    loginWithEmailAllowed: false,
    duplicateEmailsAllowed: false,
    bruteForceProtected: true,
    permanentLockout: false,
    ...(activeDirectory === undefined ? { failureFactor: 5 } : guessingLimits),
    organizationsEnabled: false,
  }
}

/** The session is as long as the refresh token that hangs on it. A rotated refresh token that comes back ends both. */
function lifespans({ accessTokenLifespanSeconds, refreshLifespanSeconds }: CheckedRealmSettings) {
  return {
    accessTokenLifespan: accessTokenLifespanSeconds,
    accessCodeLifespan: 60,
    ssoSessionIdleTimeout: refreshLifespanSeconds,
    ssoSessionMaxLifespan: refreshLifespanSeconds,
    revokeRefreshToken: true,
    refreshTokenMaxReuse: 0,
  }
}

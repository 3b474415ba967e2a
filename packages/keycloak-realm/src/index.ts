export { buildRealm, type CompanyRealm } from './build-realm.ts'
export { compareRealm, type RealmDifference } from './compare-realm.ts'
export { developmentSettings } from './development-settings.ts'
export { lintRealm, realmRules } from './lint-realm.ts'
export {
  clientIds,
  directoryAdminScope,
  groupOfEverybody,
  identityProviderAlias,
  secretPlaceholders,
} from './names.ts'
export {
  type GroupGrant,
  groupGrants,
  serviceToolRoles,
  type ToolScope,
  toolScopeNames,
  toolScopes,
} from './permissions.ts'
export type { LintOptions, RealmFinding, RealmRule } from './realm-rule.ts'
export { keycloakBuildOptions, keycloakFeatures, keycloakStartOptions, keycloakVersion } from './server-options.ts'
export {
  type ActiveDirectorySettings,
  checkRealmSettings,
  longestAccessTokenLifespanSeconds,
  type RealmSettings,
} from './settings.ts'
export { buildWorkforceRealm, type WorkforcePerson } from './workforce-realm.ts'

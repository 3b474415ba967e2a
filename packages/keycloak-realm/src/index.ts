export { buildRealm, type CompanyRealm } from './build-realm.ts'
export { compareRealm, type RealmDifference } from './compare-realm.ts'
export { developmentSettings } from './development-settings.ts'
export { lintRealm, realmRules } from './lint-realm.ts'
export {
  clientIds,
  directoryAdminScope,
  groupOfEverybody,
  identityProviderAlias,
} from './names.ts'
export {
  type GroupGrant,
  groupGrants,
  toolScopeNames,
} from './permissions.ts'
export type { LintOptions, RealmFinding, RealmRule } from './realm-rule.ts'
export { keycloakBuildOptions, keycloakStartOptions, keycloakVersion } from './server-options.ts'
export {
  type ActiveDirectorySettings,
  longestAccessTokenLifespanSeconds,
  type RealmSettings,
} from './settings.ts'
export { buildWorkforceRealm, type WorkforcePerson } from './workforce-realm.ts'

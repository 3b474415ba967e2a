import type GroupRepresentation from '@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js'
import { accountClientId, accountRole, directoryAdminScope, entryRole, realmManagementClientId } from './names.ts'
import { groupGrants, realmKeysRole } from './permissions.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** The realm's groups with the roles that their members have. */
export function buildGroups({ resource, corporateIdp, development }: CheckedRealmSettings): GroupRepresentation[] {
  return groupGrants.map(({ group, toolRoles, entry, directoryAdmin }) => ({
    name: group,
    realmRoles: entry ? [entryRole] : [],
    clientRoles: {
      ...(toolRoles.length > 0 ? { [resource]: [...toolRoles] } : {}),
      ...(entry ? { [accountClientId]: [accountRole] } : {}),
      ...(directoryAdmin ? { [corporateIdp.adminResource]: [directoryAdminScope] } : {}),
      ...(directoryAdmin && development ? { [realmManagementClientId]: [realmKeysRole] } : {}),
    },
  }))
}

import type GroupRepresentation from '@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js'
import { directoryAdminScope } from './names.ts'
import { groupGrants } from './permissions.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** The realm's groups with the client roles that their members have. */
export function buildGroups({ resource, corporateIdp }: CheckedRealmSettings): GroupRepresentation[] {
  return groupGrants.map(({ group, toolRoles, directoryAdmin }) => ({
    name: group,
    clientRoles: {
      ...(toolRoles.length > 0 ? { [resource]: [...toolRoles] } : {}),
      ...(directoryAdmin ? { [corporateIdp.adminResource]: [directoryAdminScope] } : {}),
    },
  }))
}

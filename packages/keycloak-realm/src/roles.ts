import type RolesRepresentation from '@keycloak/keycloak-admin-client/lib/defs/rolesRepresentation.js'
import { directoryAdminScope } from './names.ts'
import { toolScopes } from './permissions.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** Client roles of the two resource servers. Realm roles are not used. */
export function buildRoles({ resource, corporateIdp }: CheckedRealmSettings): RolesRepresentation {
  return {
    realm: [],
    client: {
      [resource]: Object.entries(toolScopes).map(([name, description]) => ({ name, description })),
      [corporateIdp.adminResource]: [
        { name: directoryAdminScope, description: 'Enable and disable people, change their groups' },
      ],
    },
  }
}

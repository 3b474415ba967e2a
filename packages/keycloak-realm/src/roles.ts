import type RolesRepresentation from '@keycloak/keycloak-admin-client/lib/defs/rolesRepresentation.js'
import { accountClientId, accountRole, directoryAdminScope, entryRole } from './names.ts'
import { toolScopes } from './permissions.ts'
import type { CheckedRealmSettings } from './settings.ts'

/** Client roles of the two resource servers, and the one realm role that lets somebody in. */
export function buildRoles({ resource, corporateIdp }: CheckedRealmSettings): RolesRepresentation {
  return {
    realm: [{ name: entryRole, description: 'Use the MCP server at all' }],
    client: {
      [resource]: Object.entries(toolScopes).map(([name, description]) => ({ name, description })),
      [corporateIdp.adminResource]: [
        { name: directoryAdminScope, description: 'Enable and disable people, change their groups' },
      ],
      [accountClientId]: [{ name: accountRole, description: 'See and end the own sessions and clients' }],
    },
  }
}

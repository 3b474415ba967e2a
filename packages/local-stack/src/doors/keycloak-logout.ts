import { claimsOf, type Door, type DoorStack } from './door.ts'
import { openKeycloakAdministrator } from './keycloak-administrator.ts'
import { createSettling } from './settling.ts'

/** An administrator signs the person out of everything in Keycloak's admin console. */
export function keycloakLogout(stack: DoorStack): Door {
  const keycloak = openKeycloakAdministrator(stack)
  const settling = createSettling()
  return {
    name: 'keycloak-logout',
    title: 'an administrator signs the person out in Keycloak',
    ends: 'tokens',
    async open({ username, accessToken }) {
      await keycloak.request('POST', `/users/${claimsOf(accessToken).sub}/logout`)
      settling.opened(username)
      return performance.now()
    },
    restore: ({ username }) => settling.settled(username),
  }
}

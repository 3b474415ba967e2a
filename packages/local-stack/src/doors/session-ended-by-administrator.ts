import { claimsOf, type Door, type DoorStack } from './door.ts'
import { openKeycloakAdministrator } from './keycloak-administrator.ts'

/** An administrator ends one session in Keycloak's admin console. */
export function sessionEndedByAdministrator(stack: DoorStack): Door {
  const keycloak = openKeycloakAdministrator(stack)
  return {
    name: 'session-ended-by-administrator',
    title: 'an administrator ends the session in Keycloak',
    ends: 'session',
    async open({ accessToken }) {
      await keycloak.request('DELETE', `/sessions/${claimsOf(accessToken).sid}`)
      return performance.now()
    },
    // The next sign-in is another session.
    restore: async () => {},
  }
}

import { randomBytes } from 'node:crypto'
import type { Door, DoorStack } from './door.ts'
import { openKeycloakAdministrator } from './keycloak-administrator.ts'
import { createSettling } from './settling.ts'

/** An administrator sets a new password for the person in Keycloak's admin console. */
export function keycloakPasswordReset(stack: DoorStack): Door {
  const keycloak = openKeycloakAdministrator(stack)
  const settling = createSettling()
  return {
    name: 'keycloak-password-reset',
    title: 'an administrator resets the person’s password in Keycloak',
    ends: 'tokens',
    async open({ username }) {
      const id = await keycloak.findPerson(username)
      const password = { type: 'password', temporary: false, value: randomBytes(24).toString('base64url') }
      await keycloak.request('PUT', `/users/${id}/reset-password`, password)
      settling.opened(username)
      return performance.now()
    },
    // The password stays: people sign in at the company, and nobody has ever seen it.
    restore: ({ username }) => settling.settled(username),
  }
}

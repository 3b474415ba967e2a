import { claimsOf, type Door, type DoorStack } from './door.ts'
import { openKeycloakAdministrator } from './keycloak-administrator.ts'
import { createSettling } from './settling.ts'

/** An administrator disables the client itself in Keycloak: how a service, with no person behind it, is stopped. */
export function clientDisabled(stack: DoorStack): Door {
  const keycloak = openKeycloakAdministrator(stack)
  const settling = createSettling()
  const disabled = new Map<string, string>()
  return {
    name: 'client-disabled',
    title: 'an administrator disables the client in Keycloak',
    ends: 'tokens',
    async open({ username, accessToken }) {
      const clientId = claimsOf(accessToken).azp ?? ''
      await keycloak.request('PUT', `/clients/${await keycloak.findClient(clientId)}`, { clientId, enabled: false })
      disabled.set(username, clientId)
      settling.opened(username)
      return performance.now()
    },
    async restore({ username }) {
      const clientId = disabled.get(username)
      if (clientId === undefined) return
      await keycloak.request('PUT', `/clients/${await keycloak.findClient(clientId)}`, { clientId, enabled: true })
      disabled.delete(username)
      await settling.settled(username)
    },
  }
}

import type { Door, DoorStack } from './door.ts'
import { openKeycloakAdministrator } from './keycloak-administrator.ts'
import { createSettling } from './settling.ts'

/** An administrator switches the person off in Keycloak's admin console. */
export function keycloakDisable(stack: DoorStack): Door {
  const keycloak = openKeycloakAdministrator(stack)
  const settling = createSettling()
  const setEnabled = async (username: string, enabled: boolean): Promise<void> => {
    const id = await keycloak.findPerson(username)
    if (id !== undefined) await keycloak.request('PUT', `/users/${id}`, { ...(await personAt(id)), enabled })
  }
  /** As the console does: the whole person is written back. */
  const personAt = async (id: string): Promise<object> =>
    (await (await keycloak.request('GET', `/users/${id}`)).json()) as object
  return {
    name: 'keycloak-disable',
    title: 'an administrator disables the person in Keycloak',
    ends: 'tokens',
    async open({ username }) {
      await setEnabled(username, false)
      settling.opened(username)
      return performance.now()
    },
    async restore({ username }) {
      await setEnabled(username, true)
      await settling.settled(username)
    },
  }
}

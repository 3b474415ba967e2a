import { openCorporateDirectory } from '../demo/corporate-directory.ts'
import type { LeaverProcess } from '../demo/leaver-process.ts'
import { requestAdminToken } from '../keycloak/keycloak-admin.ts'

/** Where IT changes people, whoever the provider is. */
export interface RowDirectory {
  /** In the directory; what the provider tells by itself goes out. */
  disable(username: string): Promise<void>
  /** The company's own leaver process. */
  runLeaverProcess(username: string): Promise<void>
  /** Resolves when all who have to know it know. */
  enable(username: string): Promise<void>
  addToGroup(username: string, group: string): Promise<void>
  removeFromGroup(username: string, group: string): Promise<void>
  /** Brings a change of groups to Keycloak where the provider neither tells nor names groups. */
  provision(username: string): Promise<void>
  rotateSigningKey(): Promise<void>
}

/** The directory of the corporate IdP, in whatever dialect it speaks. */
export function openEmulatedDirectory(origin: string, secret: string, leaver: LeaverProcess): RowDirectory {
  const directory = openCorporateDirectory(origin, secret)
  async function announce(username: string): Promise<void> {
    await directory.announce(username)
    await directory.settle(username)
  }
  async function changeGroups(username: string, change: (groups: string[]) => string[]): Promise<void> {
    await directory.setGroups(username, change(await directory.groupsOf(username)))
  }
  return {
    disable: async (username) => void (await directory.disable(username)),
    runLeaverProcess: async (username) => void (await directory.announce(username)),
    async enable(username) {
      await directory.enable(username)
      if (leaver.isSeparate) await announce(username)
    },
    addToGroup: (username, group) => changeGroups(username, (groups) => [...groups, group]),
    removeFromGroup: (username, group) => changeGroups(username, (groups) => groups.filter((name) => name !== group)),
    provision: announce,
    rotateSigningKey: directory.rotateSigningKey,
  }
}

/** A realm of the real Keycloak that keeps its people itself, by Keycloak's admin API. */
export async function openKeycloakDirectory(
  keycloak: string,
  adminPassword: string,
  realm: string,
): Promise<RowDirectory> {
  const token = await requestAdminToken({ keycloak, adminPassword })

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${keycloak}/admin/realms/${realm}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Keycloak answered ${response.status} at ${path}: ${text.slice(0, 200)}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  async function idOf(username: string): Promise<string> {
    const [user] = (await call('GET', `users?exact=true&username=${username}`)) as { id: string }[]
    if (user === undefined) throw new Error(`the realm ${realm} has no ${username}`)
    return user.id
  }

  async function changeGroup(method: 'PUT' | 'DELETE', username: string, name: string): Promise<void> {
    const groups = (await call('GET', `groups?exact=true&search=${encodeURIComponent(name)}`)) as { id: string }[]
    await call(method, `users/${await idOf(username)}/groups/${groups[0]?.id}`)
  }

  const setEnabled = async (username: string, enabled: boolean) =>
    void (await call('PUT', `users/${await idOf(username)}`, { enabled }))

  return {
    disable: (username) => setEnabled(username, false),
    runLeaverProcess: async (username) => void (await call('POST', `users/${await idOf(username)}/logout`)),
    enable: (username) => setEnabled(username, true),
    addToGroup: (username, group) => changeGroup('PUT', username, group),
    removeFromGroup: (username, group) => changeGroup('DELETE', username, group),
    provision: async () => {},
    async rotateSigningKey() {
      const { keys } = (await call('GET', 'keys')) as { keys: { providerPriority: number }[] }
      // Of two keys with the same priority either may sign.
      const priority = Math.max(...keys.map(({ providerPriority }) => providerPriority)) + 1
      await call('POST', 'components', {
        name: `rotated ${priority}`,
        providerId: 'rsa-generated',
        providerType: 'org.keycloak.keys.KeyProvider',
        config: { priority: [String(priority)], enabled: ['true'], active: ['true'], algorithm: ['RS256'] },
      })
    },
  }
}

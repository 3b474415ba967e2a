import { keycloakAdminName } from '../realm.ts'
import { StackError } from '../stack-error.ts'

export interface KeycloakAccess {
  /** Origin of Keycloak. */
  keycloak: string
  adminPassword: string
  signal?: AbortSignal
}

/**
 * Exports what Keycloak holds of a realm: settings, clients, groups and roles. People are not part of it, and secrets
 * come masked.
 *
 * @throws {StackError} Keycloak refuses, as when its administrator's password was changed by hand.
 */
export async function exportRealm(realm: string, access: KeycloakAccess): Promise<unknown> {
  const token = await requestAdminToken(access)
  const url = `${access.keycloak}/admin/realms/${realm}/partial-export?exportClients=true&exportGroupsAndRoles=true`
  return readJson(
    await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      signal: access.signal ?? null,
    }),
  )
}

/**
 * An access token of the built-in administrator, who signs in with a password: development only, in the realm `master`
 * that no MCP client uses.
 *
 * @throws {StackError} Keycloak refuses.
 */
export async function requestAdminToken({ keycloak, adminPassword, signal }: KeycloakAccess): Promise<string> {
  const response = await fetch(`${keycloak}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: keycloakAdminName,
      password: adminPassword,
    }),
    signal: signal ?? null,
  })
  const answer = await readJson(response)
  if (typeof answer === 'object' && answer !== null && 'access_token' in answer) return String(answer.access_token)
  throw new StackError('Keycloak gave its administrator no access token')
}

async function readJson(response: Response): Promise<unknown> {
  if (response.ok) return response.json()
  await response.body?.cancel()
  throw new StackError(`Keycloak answered ${response.status} at ${new URL(response.url).pathname}`)
}

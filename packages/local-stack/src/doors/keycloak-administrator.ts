import { requestAdminToken } from '../keycloak/keycloak-admin.ts'
import { type DoorStack, expectSuccess } from './door.ts'

/** Keycloak's built-in administrator, at the admin REST API that the admin console uses too. */
export interface KeycloakAdministrator {
  /**
   * One request below `/admin/realms/{realm}`.
   *
   * @throws {Error} Keycloak did not answer with success.
   */
  request(method: string, path: string, body?: unknown): Promise<Response>
  /** Keycloak's id of a person, which is the `sub` of her access tokens; `undefined` when she never signed in. */
  findPerson(username: string): Promise<string | undefined>
  /** Keycloak's own id of a client. @throws {Error} There is none of this `clientId`. */
  findClient(clientId: string): Promise<string>
}

/** Half of what Keycloak gives the administrator's tokens. */
const tokenLifeMs = 30_000

export function openKeycloakAdministrator({ urls, realm, clients }: DoorStack): KeycloakAdministrator {
  let token: { value: Promise<string>; requestedAt: number } | undefined

  function readToken(): Promise<string> {
    if (token === undefined || performance.now() - token.requestedAt > tokenLifeMs) {
      const value = requestAdminToken({ keycloak: urls.keycloak, adminPassword: clients.keycloakAdmin.password })
      token = { value, requestedAt: performance.now() }
      value.catch(() => {
        token = undefined
      })
    }
    return token.value
  }

  async function request(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(`${urls.keycloak}/admin/realms/${realm}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await readToken()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return expectSuccess(`${method} ${path.replace(/[\da-f-]{36}/g, '{id}')} at Keycloak`, response)
  }

  async function findOne(path: string): Promise<string | undefined> {
    const found = (await (await request('GET', path)).json()) as { id: string }[]
    return found[0]?.id
  }

  return {
    request,
    findPerson: (username) => findOne(`/users?exact=true&username=${encodeURIComponent(username)}`),
    async findClient(clientId) {
      const id = await findOne(`/clients?clientId=${encodeURIComponent(clientId)}`)
      if (id === undefined) throw new Error(`Keycloak knows no client ${clientId}`)
      return id
    },
  }
}

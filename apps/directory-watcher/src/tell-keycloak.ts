import type { DirectoryChange } from '@mcp-identity/active-directory'
import { createClientCredentials } from '@mcp-identity/shared-signals'
import type { WatcherConfig } from './config.ts'

export interface KeycloakOptions {
  keycloak: WatcherConfig['keycloak']
  /** Told of each person that was found, and what was done. */
  onTold?: (change: DirectoryChange, subject: string) => void
  fetch?: typeof fetch
}

interface FoundPerson {
  id: string
  username: string
}

const timeoutMs = 3_000

/**
 * Tells Keycloak what happened in the directory, in words that it records as events: whoever reads these hears it.
 *
 * Ended access ends the person's sessions, so that no refresh token outlives it. Who was removed is deleted, so that somebody
 * new may have her name: as another subject. For changed permissions she is written as she is: Keycloak reads her groups
 * from the directory at each request anyway, the event says that it is time to ask.
 *
 * @returns Rejects when Keycloak has not taken everything; telling again does no harm.
 */
export function tellKeycloak({ keycloak, onTold, fetch: send = fetch }: KeycloakOptions) {
  const { issuer, adminBaseUrl } = keycloak
  const credentials = createClientCredentials({
    ...keycloak,
    tokenEndpoint: `${issuer}/protocol/openid-connect/token`,
    requestTimeoutMs: timeoutMs,
    fetch: send,
  })

  async function request(method: string, path: string, body?: unknown): Promise<Response> {
    const ask = async (): Promise<Response> =>
      send(`${adminBaseUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await credentials.accessToken()}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
    const answer = await ask()
    if (answer.status !== 401) return answer
    await answer.body?.cancel()
    credentials.forget()
    return ask()
  }

  /** 404 is success: who is not there has nothing to lose. */
  async function expectDone(what: string, answer: Response): Promise<void> {
    await answer.body?.cancel()
    if (!answer.ok && answer.status !== 404) throw new Error(`Keycloak answered ${answer.status} to: ${what}`)
  }

  /** Nobody, where she never signed in. */
  async function find(id: string): Promise<FoundPerson[]> {
    const answer = await request(
      'GET',
      `/users?${new URLSearchParams({ q: `LDAP_ID:${id}`, briefRepresentation: 'true' })}`,
    )
    if (answer.ok) return (await answer.json()) as FoundPerson[]
    await answer.body?.cancel()
    throw new Error(`Keycloak answered ${answer.status} to: find a person`)
  }

  async function tell(change: DirectoryChange): Promise<void> {
    for (const { id, username } of await find(change.id)) {
      const person = `/users/${id}`
      if (change.cause === 'removed') await expectDone('delete the person', await request('DELETE', person))
      else if (change.kind === 'access_ended')
        await expectDone('end the sessions', await request('POST', `${person}/logout`))
      else await expectDone('write the person', await request('PUT', person, { username }))
      onTold?.(change, id)
    }
  }

  return async (changes: readonly DirectoryChange[]): Promise<void> => {
    for (const change of changes) await tell(change)
  }
}

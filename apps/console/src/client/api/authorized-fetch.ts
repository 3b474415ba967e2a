import type { Session } from '../session/session.ts'
import { ApiError, readApiError } from './api-error.ts'

/** `fetch` with the session's access token. */
export type AuthorizedFetch = (address: string, init?: RequestInit) => Promise<Response>

/**
 * Sends the access token, and tries once more with a new one when it is refused. When there is no new one, the session
 * was ended elsewhere, and the page says so.
 *
 * @throws {ApiError} The answer is not a success, or there is none.
 * @throws {SessionEndedError}
 */
export function createAuthorizedFetch(session: Session): AuthorizedFetch {
  return async (address, init) => {
    const first = await send(address, init, await session.accessToken())
    const response = first.status === 401 ? await send(address, init, await session.renew()) : first
    if (!response.ok) throw await readApiError(response)
    return response
  }
}

async function send(address: string, init: RequestInit | undefined, accessToken: string): Promise<Response> {
  const headers = new Headers(init?.headers)
  headers.set('authorization', `Bearer ${accessToken}`)
  try {
    return await fetch(address, { ...init, headers, credentials: 'omit', cache: 'no-store', redirect: 'error' })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, `${new URL(address).host} does not answer`)
  }
}

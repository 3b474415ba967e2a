import type { ResourceServer } from './signal-senders.ts'

export interface ResourceServerOptions {
  /** Where it takes logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.5). */
  logoutUri: string
  makeLogoutToken(subject: string, happenedAtMs: number): Promise<string>
  /** Longest time for one request, in milliseconds. Default 3000. */
  timeoutMs?: number
  fetch?: typeof globalThis.fetch
}

/** Tells one resource server of logouts. */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  const { logoutUri, makeLogoutToken, timeoutMs = 3000, fetch = globalThis.fetch } = options
  return {
    async logOut(subject, happenedAtMs) {
      const response = await fetch(logoutUri, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: await makeLogoutToken(subject, happenedAtMs) }),
        signal: AbortSignal.timeout(timeoutMs),
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`logout at ${new URL(logoutUri).origin}: answered ${response.status}`)
    },
  }
}

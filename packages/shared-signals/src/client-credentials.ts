export interface ClientCredentialsOptions {
  tokenEndpoint: string
  clientId: string
  clientSecret: string
  /** Scope to ask for. Default: none. */
  scope?: string | undefined
  /** Limit for one request. Default 5,000. */
  requestTimeoutMs?: number | undefined
  fetch?: typeof fetch | undefined
  /** Seconds since the epoch. Default: the system clock. */
  clock?: (() => number) | undefined
}

export interface ClientCredentials {
  /**
   * An access token that is good for some seconds more. One request for all who ask at the same time.
   *
   * @throws {Error} None was given; tells the status, no token and no secret. Errors of the network come through.
   */
  accessToken(): Promise<string>
  /** Forgets the token that was given: the next one is a new one. */
  forget(): void
}

/** An access token is renewed this long before it expires. */
const renewalSeconds = 10

/** Gets access tokens by client credentials (RFC 6749 section 4.4), with the secret in the header, and renews them. */
export function createClientCredentials(options: ClientCredentialsOptions): ClientCredentials {
  const { tokenEndpoint, clientId, clientSecret, scope, requestTimeoutMs = 5_000 } = options
  const { fetch: send = fetch, clock = () => Date.now() / 1000 } = options
  let held: { accessToken: string; renewAt: number } | undefined
  let pending: Promise<string> | undefined

  async function requestToken(): Promise<string> {
    const answer = await send(tokenEndpoint, {
      method: 'POST',
      headers: {
        authorization: `Basic ${basic(clientId, clientSecret)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        ...(scope === undefined ? {} : { scope }),
      }).toString(),
      redirect: 'error',
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    if (answer.status !== 200) {
      await answer.body?.cancel()
      throw new Error(`${tokenEndpoint} gave ${clientId} no access token: it answered ${answer.status}`)
    }
    const { access_token: token, expires_in: lifetime } = (await answer.json()) as Record<string, unknown>
    if (typeof token !== 'string' || typeof lifetime !== 'number')
      throw new Error(`${tokenEndpoint} answered without "access_token" and "expires_in"`)
    held = { accessToken: token, renewAt: clock() + Math.max(lifetime - renewalSeconds, lifetime / 2) }
    return token
  }

  return {
    async accessToken() {
      if (held !== undefined && clock() < held.renewAt) return held.accessToken
      pending ??= requestToken().finally(() => {
        pending = undefined
      })
      return pending
    },
    forget() {
      held = undefined
    },
  }
}

/** RFC 6749 section 2.3.1: both parts are form-encoded first, since a client id can be a URL. */
function basic(clientId: string, clientSecret: string): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
  return Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')
}

export interface KeycloakAdminClientOptions {
  /** The realm's issuer, `https://…/realms/{realm}`. */
  issuer: string
  /** Base of the realm's admin REST API. Default: the issuer with `/realms/` read as `/admin/realms/`. */
  adminBaseUrl?: string | undefined
  /** Default: `{issuer}/protocol/openid-connect/token`. */
  tokenEndpoint?: string | undefined
  /** A confidential client with a service account that holds the roles `view-events` and `view-users` of the realm. */
  clientId: string
  clientSecret: string
  /** Limit for one request, answer included. */
  requestTimeoutMs: number
  fetch?: typeof fetch | undefined
  /** Seconds since the epoch. */
  clock: () => number
}

export interface KeycloakAdminClient {
  /** @throws {KeycloakAnswerError} Any answer but 200. Errors of the network come through as they are. */
  get(path: string): Promise<unknown>
}

/** Keycloak answered, but not with what was asked for. Holds no token and no secret. */
class KeycloakAnswerError extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.name = 'KeycloakAnswerError'
    this.status = status
  }
}

/** An access token is renewed this long before it expires. */
const renewalSeconds = 10

/** Reads the admin REST API of a realm with client credentials; renews its access token by itself. */
export function createKeycloakAdminClient(options: KeycloakAdminClientOptions): KeycloakAdminClient {
  const { issuer, clientId, clientSecret, requestTimeoutMs, clock } = options
  const send = options.fetch ?? fetch
  const adminBaseUrl = options.adminBaseUrl ?? adminBaseOf(issuer)
  const tokenEndpoint = options.tokenEndpoint ?? `${issuer}/protocol/openid-connect/token`
  let held: { accessToken: string; renewAt: number } | undefined
  let pending: Promise<string> | undefined

  async function get(path: string): Promise<unknown> {
    const answer = await ask(path, await accessToken())
    if (answer.status !== 401) return read(answer, path)
    await answer.body?.cancel()
    // Keycloak ends its own service tokens too when everybody is logged out: one new token, one more try.
    held = undefined
    return read(await ask(path, await accessToken()), path)
  }

  function ask(path: string, token: string): Promise<Response> {
    return send(`${adminBaseUrl}${path}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
  }

  async function read(answer: Response, path: string): Promise<unknown> {
    if (answer.status === 200) return answer.json()
    await answer.body?.cancel()
    const name = path.split('?')[0]
    const hint =
      answer.status === 403 ? `; give the client ${clientId} the realm-management roles view-events and view-users` : ''
    throw new KeycloakAnswerError(`${name} of ${issuer} answered ${answer.status}${hint}`, answer.status)
  }

  /** Single flight: the lists are read in parallel and share one token. */
  async function accessToken(): Promise<string> {
    if (held !== undefined && clock() < held.renewAt) return held.accessToken
    pending ??= requestToken().finally(() => {
      pending = undefined
    })
    return pending
  }

  async function requestToken(): Promise<string> {
    const answer = await send(tokenEndpoint, {
      method: 'POST',
      headers: {
        authorization: `Basic ${basic(clientId, clientSecret)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
      redirect: 'error',
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    if (answer.status !== 200) {
      await answer.body?.cancel()
      throw new KeycloakAnswerError(
        `${issuer} gave ${clientId} no access token: it answered ${answer.status}`,
        answer.status,
      )
    }
    const { access_token: token, expires_in: lifetime } = (await answer.json()) as Record<string, unknown>
    if (typeof token !== 'string' || typeof lifetime !== 'number') {
      throw new KeycloakAnswerError(`${issuer} answered without "access_token" and "expires_in"`, 200)
    }
    held = { accessToken: token, renewAt: clock() + Math.max(lifetime - renewalSeconds, lifetime / 2) }
    return token
  }

  return { get }
}

/** `https://host/realms/name` → `https://host/admin/realms/name`, whatever path stands before. */
function adminBaseOf(issuer: string): string {
  const url = new URL(issuer)
  const match = /^(.*)\/realms\/([^/]+)$/.exec(url.pathname)
  if (!match) throw new TypeError(`"issuer" must end in /realms/{realm}, found ${issuer}; or set "adminBaseUrl"`)
  return `${url.origin}${match[1]}/admin/realms/${match[2]}`
}

/** RFC 6749 section 2.3.1: both parts are form-encoded first, since a client id can be a URL. */
function basic(clientId: string, clientSecret: string): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
  return Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')
}

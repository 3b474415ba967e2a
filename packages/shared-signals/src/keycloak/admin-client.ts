import { createClientCredentials } from '../client-credentials.ts'

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

/** Reads the admin REST API of a realm with client credentials; renews its access token by itself. */
export function createKeycloakAdminClient(options: KeycloakAdminClientOptions): KeycloakAdminClient {
  const { issuer, clientId, requestTimeoutMs } = options
  const send = options.fetch ?? fetch
  const adminBaseUrl = options.adminBaseUrl ?? adminBaseOf(issuer)
  const tokenEndpoint = options.tokenEndpoint ?? `${issuer}/protocol/openid-connect/token`
  const credentials = createClientCredentials({ ...options, tokenEndpoint })

  async function get(path: string): Promise<unknown> {
    const answer = await ask(path, await credentials.accessToken())
    if (answer.status !== 401) return read(answer, path)
    await answer.body?.cancel()
    // Keycloak ends its own service tokens too when everybody is logged out: one new token, one more try.
    credentials.forget()
    return read(await ask(path, await credentials.accessToken()), path)
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

  return { get }
}

/** `https://host/realms/name` → `https://host/admin/realms/name`, whatever path stands before. */
function adminBaseOf(issuer: string): string {
  const url = new URL(issuer)
  const match = /^(.*)\/realms\/([^/]+)$/.exec(url.pathname)
  if (!match) throw new TypeError(`"issuer" must end in /realms/{realm}, found ${issuer}; or set "adminBaseUrl"`)
  return `${url.origin}${match[1]}/admin/realms/${match[2]}`
}

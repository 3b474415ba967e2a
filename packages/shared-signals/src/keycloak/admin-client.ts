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
  /**
   * Now by Keycloak's clock, in whole seconds since the epoch and never too early: from when its last access token was
   * issued on by our monotonic clock, so that a wrong or moving clock of ours does no harm. By our clock before the first
   * request, and where the access token does not tell.
   */
  now(): number
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

  let told: { token: string; issuedAt: number | undefined; seenAtMs: number } | undefined

  function ask(path: string, token: string): Promise<Response> {
    if (told?.token !== token) told = { token, issuedAt: issuedAtOf(token), seenAtMs: performance.now() }
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

  function now(): number {
    if (told?.issuedAt === undefined) return Math.floor(options.clock())
    // "iat" leaves out what was over of its second.
    return Math.floor(told.issuedAt + 1 + (performance.now() - told.seenAtMs) / 1_000)
  }

  return { get, now }
}

/** `iat` of an access token of our own, unverified: it came from the token endpoint. Undefined for one that is no JWT. */
function issuedAtOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const { iat } = claims as { iat?: unknown }
    return typeof iat === 'number' && Number.isFinite(iat) ? iat : undefined
  } catch {
    return undefined
  }
}

/** `https://host/realms/name` → `https://host/admin/realms/name`, whatever path stands before. */
function adminBaseOf(issuer: string): string {
  const url = new URL(issuer)
  const match = /^(.*)\/realms\/([^/]+)$/.exec(url.pathname)
  if (!match) throw new TypeError(`"issuer" must end in /realms/{realm}, found ${issuer}; or set "adminBaseUrl"`)
  return `${url.origin}${match[1]}/admin/realms/${match[2]}`
}

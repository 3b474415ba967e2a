import {
  auth,
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  PrivateKeyJwtProvider,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { type BrowserOutcome, HeadlessBrowser, type Observer, type Person } from './browser.ts'

/** What a tool answered, as a person reading the demonstration wants it. */
export interface ToolAnswer {
  isError: boolean
  text: string
  structured: Record<string, unknown>
}

/** The sign-in did not end at the client: the page that the person saw instead. */
export class SignInRefusedError extends Error {
  override readonly name = 'SignInRefusedError'
  readonly status: number
  readonly pageText: string

  constructor(outcome: Extract<BrowserOutcome, { outcome: 'stopped' }>) {
    super(`the sign-in ended with status ${outcome.status} at ${outcome.url.origin}${outcome.url.pathname}`)
    this.status = outcome.status
    this.pageText = outcome.pageText
  }
}

/** One MCP client with one caller's tokens. */
export interface McpSession {
  /** Calls a tool, signing in or stepping up first where the server asks for it. */
  callTool(name: string, args?: Record<string, unknown>): Promise<ToolAnswer>
  /** Names of the tools this caller is shown. */
  listTools(): Promise<string[]>
  /** The access token now held. @throws {Error} Before the first successful call. */
  accessToken(): string
  refreshToken(): string | undefined
  /** Scopes of the access token now held, as the authorization server stated them. */
  scopes(): string[]
  /** How often a sign-in page had to be filled in. */
  signInPages(): number
  /** How often the person was sent to the authorization server. */
  authorizations(): number
  /** Drops the access token, so that the next call takes a new one by the refresh token. */
  expireAccessToken(): void
  close(): Promise<void>
}

interface SessionOptions {
  resource: string
  observe?: Observer
}

const redirectUrl = new URL('http://127.0.0.1:53682/callback')

/**
 * An MCP client of the official SDK for a person: authorization code with PKCE through the corporate sign-in page.
 * The client is pre-registered; nothing listens at its redirect address, the browser's last hop is read instead.
 */
export function openPersonSession(
  options: SessionOptions & {
    clientId: string
    person: Person
    browser?: HeadlessBrowser
    /** Asks for this scope at first, whatever the server names; what it lacks comes by step-up. */
    firstScope?: string
  },
): McpSession {
  const observe = options.observe ?? (() => {})
  const provider = new PersonProvider(
    options.clientId,
    options.person,
    options.browser ?? new HeadlessBrowser(observe),
    observe,
  )
  const { resource, firstScope } = options
  return openSession(resource, provider, {
    ...(firstScope === undefined ? {} : { signIn: () => signInFor(resource, provider, firstScope) }),
    finish: (transport) => transport.finishAuth(provider.takeCallback()),
    tokens: () => provider.tokens(),
    signInPages: () => provider.signInPages,
    authorizations: () => provider.authorizations,
    expire: () => provider.expireAccessToken(),
  })
}

/** Signs in before anything was refused. */
async function signInFor(resource: string, provider: PersonProvider, scope: string): Promise<void> {
  await auth(provider, { serverUrl: resource, scope })
  const callback = provider.takeCallback()
  const iss = callback.get('iss')
  await auth(provider, {
    serverUrl: resource,
    scope,
    authorizationCode: callback.get('code') ?? '',
    ...(iss === null ? {} : { iss }),
  })
}

/** An MCP client of the official SDK for a service: client credentials with `private_key_jwt` (RFC 7523). */
export function openServiceSession(
  options: SessionOptions & { clientId: string; privateKey: Record<string, unknown>; issuer: string; scope: string },
): McpSession {
  const provider = new PrivateKeyJwtProvider({
    clientId: options.clientId,
    privateKey: options.privateKey,
    algorithm: 'ES256',
    scope: options.scope,
    expectedIssuer: options.issuer,
  })
  return openSession(options.resource, provider, {
    finish: () => Promise.reject(new Error('a service has no one to sign in')),
    tokens: () => provider.tokens(),
    signInPages: () => 0,
    authorizations: () => 0,
    expire: () => {},
  })
}

interface SessionParts {
  /** Before the first request; absent: the server's challenge says what to ask for. */
  signIn?(): Promise<void>
  finish(transport: StreamableHTTPClientTransport): Promise<void>
  tokens(): StoredOAuthTokens | undefined
  signInPages(): number
  authorizations(): number
  expire(): void
}

function openSession(resource: string, authProvider: OAuthClientProvider, parts: SessionParts): McpSession {
  let connected: { client: Client; transport: StreamableHTTPClientTransport } | undefined

  async function connect(): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
    const client = new Client({ name: 'mcp-identity-demo', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
    const transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider })
    try {
      await client.connect(transport)
    } catch (error) {
      await client.close().catch(() => {})
      if (!(error instanceof UnauthorizedError)) throw error
      await parts.finish(transport)
      return connect()
    }
    return { client, transport }
  }

  /** One round of authorization is allowed per request: first sign-in or step-up, then the request again. */
  async function withAuthorization<T>(request: (client: Client) => Promise<T>): Promise<T> {
    if (connected === undefined && parts.tokens() === undefined) await parts.signIn?.()
    connected ??= await connect()
    try {
      return await request(connected.client)
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await parts.finish(connected.transport)
      await connected.client.close()
      connected = await connect()
      return request(connected.client)
    }
  }

  return {
    callTool: (name, args = {}) =>
      withAuthorization(async (client) => toAnswer(await client.callTool({ name, arguments: args }))),
    listTools: () => withAuthorization(async (client) => (await client.listTools()).tools.map((tool) => tool.name)),
    accessToken: () => {
      const token = parts.tokens()?.access_token
      if (token === undefined || token === '') throw new Error('no access token yet: call a tool first')
      return token
    },
    refreshToken: () => parts.tokens()?.refresh_token,
    scopes: () => (parts.tokens()?.scope ?? '').split(' ').filter((scope) => scope !== ''),
    signInPages: parts.signInPages,
    authorizations: parts.authorizations,
    expireAccessToken: parts.expire,
    close: async () => {
      await connected?.client.close()
    },
  }
}

class PersonProvider implements OAuthClientProvider {
  readonly redirectUrl = redirectUrl.href
  readonly clientMetadata = {
    client_name: 'MCP demonstration client',
    redirect_uris: [redirectUrl.href],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  }
  signInPages = 0
  authorizations = 0
  readonly #clientId: string
  readonly #person: Person
  readonly #browser: HeadlessBrowser
  readonly #observe: Observer
  #tokens: StoredOAuthTokens | undefined
  #discovery: OAuthDiscoveryState | undefined
  #verifier = ''
  #state = ''
  #callback: URLSearchParams | undefined

  constructor(clientId: string, person: Person, browser: HeadlessBrowser, observe: Observer) {
    this.#clientId = clientId
    this.#person = person
    this.#browser = browser
    this.#observe = observe
  }

  state(): string {
    this.#state = crypto.randomUUID()
    return this.#state
  }

  clientInformation(context?: { issuer?: string }) {
    return { client_id: this.#clientId, ...(context?.issuer === undefined ? {} : { issuer: context.issuer }) }
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.#tokens
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.#tokens = tokens
    this.#observe('access token', tokens.access_token)
    if (tokens.refresh_token !== undefined) this.#observe('refresh token', tokens.refresh_token)
  }

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovery = state
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovery
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  codeVerifier(): string {
    return this.#verifier
  }

  async redirectToAuthorization(authorizationUrl: URL): Promise<void> {
    const outcome = await this.#browser.open(authorizationUrl, this.#person, redirectUrl)
    if (outcome.outcome === 'stopped') throw new SignInRefusedError(outcome)
    if (outcome.url.searchParams.get('state') !== this.#state) throw new Error('the callback carries another state')
    this.signInPages += outcome.signInPages
    this.authorizations += 1
    this.#callback = outcome.url.searchParams
  }

  /** The callback's parameters, once. */
  takeCallback(): URLSearchParams {
    const callback = this.#callback
    if (callback === undefined) throw new Error('no callback has arrived')
    this.#callback = undefined
    return callback
  }

  invalidateCredentials(scope: string): void {
    if (scope === 'tokens' || scope === 'all') this.#tokens = undefined
  }

  expireAccessToken(): void {
    if (this.#tokens !== undefined) this.#tokens = { ...this.#tokens, access_token: 'expired' }
  }
}

function toAnswer(result: unknown): ToolAnswer {
  const {
    content = [],
    isError = false,
    structuredContent,
  } = result as {
    content?: { type: string; text?: string }[]
    isError?: boolean
    structuredContent?: Record<string, unknown>
  }
  return {
    isError,
    text: content.map((block) => block.text ?? `(${block.type})`).join('\n'),
    structured: structuredContent ?? {},
  }
}

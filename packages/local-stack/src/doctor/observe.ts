/** One answer, as far as the rules look at it. */
export interface Observed {
  url: string
  /** HTTP status; 0 when nothing answered. */
  status: number
  headers: Headers
  /** The body where it is a JSON object, else `undefined`. */
  json: Record<string, unknown> | undefined
  /** The first 200 characters of any other body. */
  text: string
  /** Why nothing answered. */
  problem?: string
}

/** What was seen of one authorization server. */
export interface ObservedAuthorizationServer {
  issuer: string
  /** RFC 8414 with the path inserted, OpenID Connect with the path inserted, OpenID Connect with the path first. */
  documents: Observed[]
  /** The first document that answered 200. */
  metadata: Observed | undefined
  /** A browser's preflight for that document, with the header that MCP clients add. */
  preflight: Observed | undefined
  keySet: Observed | undefined
}

/** Everything that the rules may look at; nothing in it needed an access token. */
export interface Observations {
  mcp: string
  anonymousCall: Observed
  garbageToken: Observed
  tokenInQuery: Observed
  brokenJson: Observed
  get: Observed
  resourceMetadata: Observed
  resourceMetadataAtRoot: Observed
  /** The metadata as a page of another origin reads it. */
  resourceMetadataFromBrowser: Observed
  /** The origin of the page that is played here. */
  pageOrigin: string
  /** Whether the server has to admit that page: somebody named it. */
  isPageExpected: boolean
  /** The browser's preflight for a call from that page. */
  preflight: Observed
  /** A call without a token from that page. */
  callFromPage: Observed
  authorizationServers: ObservedAuthorizationServer[]
}

const timeoutMs = 5000
const mostBytes = 1_000_000
/** Where the web page of the MCP Inspector runs. */
const inspectorOrigin = 'http://localhost:6274'
const askedHeaders =
  'accept, authorization, content-type, dpop, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id'
const anyCall = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

/** Asks an MCP server and its authorization servers what any caller may ask. Changes nothing and sends no real token. */
export async function observe(mcp: string, origin?: string): Promise<Observations> {
  const pageOrigin = origin ?? inspectorOrigin
  const url = new URL(mcp)
  const path = url.pathname === '/' ? '' : url.pathname
  const wellKnown = `${url.origin}/.well-known/oauth-protected-resource`
  const call = (target: string, headers: Record<string, string> = {}, body = anyCall): Promise<Observed> =>
    ask(target, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    })
  const [
    anonymousCall,
    garbageToken,
    tokenInQuery,
    brokenJson,
    get,
    resourceMetadata,
    atRoot,
    fromBrowser,
    preflight,
    callFromPage,
  ] = await Promise.all([
    call(mcp),
    call(mcp, { authorization: 'Bearer not-a-token' }),
    call(`${mcp}?access_token=not-a-token`),
    call(mcp, {}, '{"jsonrpc":'),
    ask(mcp, { headers: { accept: 'text/event-stream' } }),
    ask(`${wellKnown}${path}`),
    ask(wellKnown),
    ask(`${wellKnown}${path}`, { headers: { origin: pageOrigin } }),
    ask(mcp, { method: 'OPTIONS', headers: preflightHeaders(pageOrigin, 'POST', askedHeaders) }),
    call(mcp, { origin: pageOrigin }),
  ])
  const issuers = stringsOf(resourceMetadata.json?.authorization_servers)
  return {
    mcp,
    anonymousCall,
    garbageToken,
    tokenInQuery,
    brokenJson,
    get,
    resourceMetadata,
    resourceMetadataAtRoot: atRoot,
    resourceMetadataFromBrowser: fromBrowser,
    pageOrigin,
    isPageExpected: origin !== undefined,
    preflight,
    callFromPage,
    authorizationServers: await Promise.all(issuers.map((issuer) => observeAuthorizationServer(issuer, pageOrigin))),
  }
}

async function observeAuthorizationServer(issuer: string, pageOrigin: string): Promise<ObservedAuthorizationServer> {
  const documents = await Promise.all(metadataAddresses(issuer).map((address) => ask(address)))
  const metadata = documents.find((document) => document.status === 200 && document.json !== undefined)
  const keySetUrl = metadata?.json?.jwks_uri
  const [preflight, keySet] = await Promise.all([
    metadata === undefined
      ? undefined
      : ask(metadata.url, {
          method: 'OPTIONS',
          headers: preflightHeaders(pageOrigin, 'GET', 'mcp-protocol-version'),
        }),
    typeof keySetUrl === 'string' ? ask(keySetUrl) : undefined,
  ])
  return { issuer, documents, metadata, preflight, keySet }
}

function preflightHeaders(origin: string, method: string, headers: string): Record<string, string> {
  return { origin, 'access-control-request-method': method, 'access-control-request-headers': headers }
}

/** In the order in which MCP clients try them (RFC 8414 section 3.1, OpenID Connect Discovery 1.0 section 4). */
export function metadataAddresses(issuer: string): string[] {
  const parsed = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (parsed === undefined) return []
  const path = parsed.pathname === '/' ? '' : parsed.pathname.replace(/\/$/, '')
  return [
    `${parsed.origin}/.well-known/oauth-authorization-server${path}`,
    `${parsed.origin}/.well-known/openid-configuration${path}`,
    `${parsed.origin}${path}/.well-known/openid-configuration`,
  ]
}

/** Asks once. What does not answer has status 0 and a `problem`. */
export async function ask(url: string, init: RequestInit = {}): Promise<Observed> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    const body = await readLimited(response)
    return { url, status: response.status, headers: response.headers, ...readBody(body) }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const problem = cause instanceof Error ? cause.message : String(cause)
    return { url, status: 0, headers: new Headers(), json: undefined, text: '', problem }
  }
}

async function readLimited(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    // Streams of events do not end by themselves, and nothing that the rules look at is longer.
    if (text.length > mostBytes || response.headers.get('content-type')?.startsWith('text/event-stream')) break
  }
  return text
}

function readBody(text: string): Pick<Observed, 'json' | 'text'> {
  try {
    const value: unknown = JSON.parse(text)
    const json =
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : undefined
    return { json, text: text.slice(0, 200) }
  } catch {
    return { json: undefined, text: text.slice(0, 200) }
  }
}

/** The strings of a list; none where it is no list. */
export function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : []
}

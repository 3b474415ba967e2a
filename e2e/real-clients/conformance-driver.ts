/**
 * The client that the official conformance suite runs: signs in at the server of its last argument, lists its tools and
 * calls the first. Whoever signs in is let in at once; the suite gives what is known beforehand in the environment.
 */
import {
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'

const url = new URL(process.argv.at(-1) ?? '')
const known = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as { client_id?: string; client_secret?: string }
const redirectUrl = 'http://127.0.0.1:53684/callback'
const mostSignIns = 2

const clients = new Map<string | undefined, StoredOAuthClientInformation>()
let tokens: StoredOAuthTokens | undefined
let verifier = ''
let discovery: OAuthDiscoveryState | undefined
let callback = new URLSearchParams()

const authProvider: OAuthClientProvider = {
  redirectUrl,
  clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
  clientMetadata: {
    client_name: 'e2e',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: 'native',
  },
  clientInformation(context) {
    if (known.client_id === undefined) return clients.get(context?.issuer)
    return { client_id: known.client_id, ...(known.client_secret && { client_secret: known.client_secret }) }
  },
  saveClientInformation: (client, context) => void clients.set(context?.issuer, client),
  tokens: () => tokens,
  // Which server issues tokens is asked again at the next challenge: it may have changed.
  saveTokens(issued) {
    tokens = issued
    discovery = undefined
  },
  saveCodeVerifier(value) {
    verifier = value
  },
  codeVerifier: () => verifier,
  saveDiscoveryState(state) {
    discovery = state
  },
  discoveryState: () => discovery,
  invalidateCredentials(what) {
    if (what === 'tokens' || what === 'all') tokens = undefined
    if (what === 'client' || what === 'all') clients.clear()
    if (what === 'discovery' || what === 'all') discovery = undefined
  },
  async redirectToAuthorization(address) {
    const { headers } = await fetch(address, { redirect: 'manual' })
    callback = new URL(headers.get('location') ?? '').searchParams
  },
}

let connection: { client: Client; transport: StreamableHTTPClientTransport } | undefined

/** Asks over the open connection, or a new one, signing in as often as the server wants, at most twice. */
async function ask<T>(request: (client: Client) => Promise<T>, signIns = 0): Promise<T> {
  const isNew = connection === undefined
  connection ??= {
    client: new Client({ name: 'e2e', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } }),
    transport: new StreamableHTTPClientTransport(url, { authProvider }),
  }
  const { client, transport } = connection
  try {
    if (isNew) await client.connect(transport)
    return await request(client)
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || signIns === mostSignIns) throw error
    await transport.finishAuth(callback)
    connection = undefined
    return ask(request, signIns + 1)
  }
}

const { tools } = await ask((client) => client.listTools())
const [tool] = tools
if (tool !== undefined) await ask((client) => client.callTool({ name: tool.name, arguments: {} }))
await connection?.client.close()

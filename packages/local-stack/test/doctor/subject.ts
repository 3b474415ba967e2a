import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer of the double, as far as a test changes it. */
export interface DoubleAnswer {
  status: number
  headers: Record<string, string>
  body: unknown
}

/** Changes one answer of an MCP server and authorization server that keep every rule. */
export type Alter = (what: DoublePath, answer: DoubleAnswer) => void

/** What is asked for. */
export type DoublePath =
  | 'anonymous call'
  | 'garbage token'
  | 'token in the address'
  | 'broken JSON'
  | 'GET'
  | 'preflight of the call'
  | 'call from a page'
  | 'metadata'
  | 'metadata at the root'
  | 'authorization server'
  | 'preflight'
  | 'key set'
  | 'elsewhere'

export interface Subject {
  mcp: string
  close(): Promise<void>
}

/** An MCP server and its authorization server on one free port, with one thing changed. */
export async function startSubject(alter: Alter = () => {}): Promise<Subject> {
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const what = pathOf(request, Buffer.concat(chunks).toString())
    const given = good(what, origin)
    alter(what, given)
    response.writeHead(given.status, { 'content-type': 'application/json', ...given.headers })
    response.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body))
  }

  return {
    mcp: `${origin}/mcp`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function pathOf({ method, url = '/', headers }: IncomingMessage, body: string): DoublePath {
  if (url.startsWith('/mcp')) {
    if (method === 'GET') return 'GET'
    if (method === 'OPTIONS') return 'preflight of the call'
    if (headers.origin !== undefined) return 'call from a page'
    if (url.includes('access_token')) return 'token in the address'
    if (headers.authorization !== undefined) return 'garbage token'
    return body.endsWith('}') ? 'anonymous call' : 'broken JSON'
  }
  if (url === '/.well-known/oauth-protected-resource/mcp') return 'metadata'
  if (url === '/.well-known/oauth-protected-resource') return 'metadata at the root'
  if (url === '/.well-known/oauth-authorization-server/realms/company') {
    return method === 'OPTIONS' ? 'preflight' : 'authorization server'
  }
  return url === '/keys' ? 'key set' : 'elsewhere'
}

function good(what: DoublePath, origin: string): DoubleAnswer {
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`
  const refusal = (code = ''): DoubleAnswer => ({
    status: 401,
    headers: {
      'cache-control': 'no-store',
      'www-authenticate': `Bearer ${code}resource_metadata="${metadataUrl}", scope="read:customers"`,
    },
    body: {},
  })
  const found = (body: unknown): DoubleAnswer => ({
    status: 200,
    headers: { 'access-control-allow-origin': '*' },
    body,
  })
  const metadata = found({
    resource: `${origin}/mcp`,
    authorization_servers: [`${origin}/realms/company`],
    scopes_supported: ['read:customers', 'admin:reports'],
  })
  const answers: Record<DoublePath, DoubleAnswer> = {
    'anonymous call': refusal(),
    'garbage token': refusal('error="invalid_token", '),
    'token in the address': refusal(),
    'broken JSON': refusal(),
    GET: refusal(),
    'preflight of the call': {
      status: 204,
      headers: {
        'access-control-allow-origin': 'http://localhost:6274',
        'access-control-allow-headers':
          'Authorization, DPoP, Content-Type, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name',
      },
      body: '',
    },
    'call from a page': {
      ...refusal(),
      headers: {
        ...refusal().headers,
        'access-control-allow-origin': 'http://localhost:6274',
        'access-control-expose-headers': 'WWW-Authenticate',
      },
    },
    metadata,
    'metadata at the root': metadata,
    'authorization server': found({
      issuer: `${origin}/realms/company`,
      jwks_uri: `${origin}/keys`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      registration_endpoint: `${origin}/register`,
      scopes_supported: ['openid'],
    }),
    preflight: { status: 204, headers: { 'access-control-allow-headers': 'MCP-Protocol-Version' }, body: '' },
    'key set': found({ keys: [{ kty: 'RSA', use: 'sig', kid: '1' }] }),
    elsewhere: { status: 404, headers: {}, body: {} },
  }
  return answers[what]
}

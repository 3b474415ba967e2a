import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mintAccessToken, publicKeySet, testKeys } from '@mcp-identity/test-kit'

/** An authorization server on loopback that signs everybody in without asking. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly jwksUri: string
  /** The scopes that each authorization request asked for, in order. */
  readonly asked: string[]
  close(): Promise<void>
}

interface Client {
  readonly client_id: string
  readonly scopes: readonly string[]
}

interface Grant {
  readonly client: Client
  readonly scope: string
  readonly resource: string
  readonly challenge: string
}

/**
 * Plays an authorization server that treats registered scopes as Keycloak does: a client that registers itself with
 * `scope` may ask for those scopes ever after and for no others (`invalid_scope`); one that registers without may ask
 * for all. The client `pre-registered` may ask for all.
 *
 * @param roles The scopes that the one resource owner can be granted.
 */
export async function startAuthorizationServer(roles: readonly string[]): Promise<AuthorizationServer> {
  const server = createServer((request, response) => void route(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/company`
  const jwksUri = `${issuer}/jwks`
  const clients = new Map<string, Client>([['pre-registered', { client_id: 'pre-registered', scopes: roles }]])
  const grants = new Map<string, Grant>()
  const asked: string[] = []
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    jwks_uri: jwksUri,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true,
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer)
    if (url.pathname.includes('/.well-known/')) return send(response, 200, metadata)
    const name = url.pathname.slice('/realms/company/'.length)
    if (name === 'jwks') return send(response, 200, publicKeySet(testKeys.rsa))
    if (name === 'register') return register(JSON.parse(await read(request)), response)
    if (name === 'authorize') return authorize(url.searchParams, response)
    if (name === 'token') return token(new URLSearchParams(await read(request)), response)
    return send(response, 404, { error: 'not_found' })
  }

  function register(wanted: { scope?: string }, response: ServerResponse): void {
    const client = { client_id: `client-${clients.size}`, scopes: wanted.scope?.split(' ') ?? roles }
    clients.set(client.client_id, client)
    send(response, 201, { ...wanted, client_id: client.client_id })
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const client = clients.get(query.get('client_id') ?? '')
    const scope = query.get('scope') ?? ''
    asked.push(scope)
    const back = new URL(query.get('redirect_uri') ?? issuer)
    back.searchParams.set('iss', issuer)
    back.searchParams.set('state', query.get('state') ?? '')
    if (client === undefined || scope.split(' ').some((each) => each !== '' && !client.scopes.includes(each))) {
      back.searchParams.set('error', 'invalid_scope')
    } else {
      const code = `code-${grants.size}`
      const resource = query.get('resource') ?? ''
      grants.set(code, { client, scope, resource, challenge: query.get('code_challenge') ?? '' })
      back.searchParams.set('code', code)
    }
    response.writeHead(302, { location: back.href }).end()
  }

  function token(form: URLSearchParams, response: ServerResponse): void {
    const grant = grants.get(form.get('code') ?? '')
    const verified = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (grant === undefined || verified !== grant.challenge) {
      send(response, 400, { error: 'invalid_grant' })
      return
    }
    const scope = grant.scope
      .split(' ')
      .filter((each) => roles.includes(each))
      .join(' ')
    const claims = { scope, azp: grant.client.client_id }
    const now = Math.floor(Date.now() / 1000)
    const accessToken = mintAccessToken({ provider: 'keycloak', issuer, audience: grant.resource, now, claims })
    send(response, 200, { access_token: accessToken, token_type: 'Bearer', expires_in: 300, scope })
  }

  return {
    issuer,
    jwksUri,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

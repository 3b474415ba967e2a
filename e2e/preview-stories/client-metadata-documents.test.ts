import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { claimsOf, signIn, tokensOf } from '../interactive-client.ts'

const stack = inject('stack')
const redirectUri = 'http://127.0.0.1:53011/callback'
const documents = new Map<string, unknown>()

let server: Server
let origin: string

beforeAll(async () => {
  server = createServer((request, response) => {
    const document = documents.get(request.url ?? '')
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

/** Publishes the document of a client and returns its address, which is the `client_id`. */
function publish(path: string, change: Record<string, unknown> = {}): string {
  documents.set(path, {
    client_id: `${origin}${path}`,
    client_name: 'A client with a document',
    redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...change,
  })
  return `${origin}${path}`
}

describe('a client whose client_id is the address of its document', () => {
  it('gets tokens like any other, without registering, and can step up', async () => {
    const request = { clientId: publish('/client.json'), redirectUri, scope: 'openid read:customers' }
    const { tokens, browser } = await tokensOf(stack, 'dave', request)
    expect(claimsOf(tokens.access_token)).toMatchObject({
      aud: stack.urls.mcp,
      azp: request.clientId,
      name: 'Dave Okafor',
    })
    const more = await tokensOf(stack, 'dave', { ...request, scope: 'openid read:customers admin:reports', browser })
    expect(more.tokens.scope.split(' ').sort()).toEqual(['admin:reports', 'openid', 'read:customers'])
  })

  it.each<[string, string, Record<string, unknown>]>([
    ['another client_id inside', '/other.json', { client_id: 'https://company.com/client.json' }],
    ['a redirect to another host', '/evil.json', { redirect_uris: ['https://evil.example/callback'] }],
    ['a redirect with a wildcard', '/wildcard.json', { redirect_uris: ['http://127.0.0.1/*'] }],
    ['a secret', '/secret.json', { token_endpoint_auth_method: 'client_secret_basic' }],
  ])('is refused for %s', async (_title, path, change) => {
    const outcome = await signIn(stack, 'dave', { clientId: publish(path, change), redirectUri, scope: 'openid' })
    expect(outcome).toMatchObject({ outcome: 'page', status: 400 })
  })

  it('is refused when there is no document', async () => {
    const outcome = await signIn(stack, 'dave', { clientId: `${origin}/none.json`, redirectUri, scope: 'openid' })
    expect(outcome).toMatchObject({ outcome: 'page', status: 400 })
  })
})

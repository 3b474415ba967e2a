import { describe, expect, inject, it } from 'vitest'
import { type AuthorizationRequest, claimsOf, signIn, tokensOf } from '../interactive-client.ts'

const stack = inject('stack')
const redirectUri = 'http://127.0.0.1:53011/callback'
const everyScope = 'read:customers write:own-data write:customers admin:reports read:finance'

/** Registers a client as an MCP client on somebody's machine does (RFC 7591). */
async function register(change: Record<string, unknown> = {}) {
  const response = await fetch(`${stack.urls.issuer}/clients-registrations/openid-connect`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'A client of the stories',
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...change,
    }),
  })
  return { status: response.status, body: (await response.json()) as { client_id: string; client_secret?: string } }
}

async function requestFor(registration: Record<string, unknown>, scope: string): Promise<AuthorizationRequest> {
  const { status, body } = await register(registration)
  expect(status).toBe(201)
  return { clientId: body.client_id, redirectUri, scope }
}

describe('a client that registers itself', () => {
  it('gets tokens with subject, audience and person, without naming scopes', async () => {
    const { tokens } = await tokensOf(stack, 'dave', await requestFor({}, 'openid read:customers'))
    expect(claimsOf(tokens.access_token)).toMatchObject({
      aud: stack.urls.mcp,
      sub: expect.any(String),
      sid: expect.any(String),
      email: 'dave@company.com',
      groups: ['All Staff', 'Operations'],
      scope: 'openid read:customers',
    })
  })

  it('gets them too when it named one scope, as many clients do', async () => {
    const request = await requestFor({ scope: 'read:customers' }, 'openid read:customers')
    const { tokens } = await tokensOf(stack, 'dave', request)
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: stack.urls.mcp, email: 'dave@company.com' })
  })

  it('gets one even for somebody who may do nothing yet', async () => {
    const request = await requestFor({ scope: 'read:customers' }, 'openid read:customers')
    const { tokens } = await tokensOf(stack, 'erin', request)
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: stack.urls.mcp, scope: 'openid' })
  })

  it.each([
    ['no scope', {}],
    ['all scopes', { scope: everyScope }],
  ])('can step up later when it registered with %s', async (_title, registration) => {
    const request = await requestFor(registration, 'openid read:customers')
    const { browser } = await tokensOf(stack, 'dave', request)
    const { tokens } = await tokensOf(stack, 'dave', {
      ...request,
      scope: 'openid read:customers admin:reports',
      browser,
    })
    expect(tokens.scope.split(' ').sort()).toEqual(['admin:reports', 'openid', 'read:customers'])
  })

  it('is held to the scopes that it named', async () => {
    const request = await requestFor({ scope: 'read:customers' }, 'openid read:customers admin:reports')
    expect(await signIn(stack, 'dave', request)).toMatchObject({ error: 'invalid_scope' })
  })

  it('must use PKCE', async () => {
    const request = await requestFor({}, 'openid')
    expect(await signIn(stack, 'dave', { ...request, pkce: false })).toMatchObject({ error: 'invalid_request' })
  })

  it('gets no offline session', async () => {
    expect(await signIn(stack, 'dave', await requestFor({}, 'openid offline_access'))).toMatchObject({
      error: 'invalid_scope',
    })
  })
})

describe('registration is refused', () => {
  it.each([
    ['a redirect to another host', { redirect_uris: ['https://evil.example/callback'] }],
    ['a redirect with a wildcard', { redirect_uris: ['http://127.0.0.1/*'] }],
    ['a redirect to anywhere', { redirect_uris: ['*'] }],
    ['a redirect to a scheme of its own', { redirect_uris: ['cursor://callback'] }],
    ['offline sessions', { scope: 'read:customers offline_access' }],
    ['the directory', { scope: 'directory:admin' }],
    ['a home page elsewhere', { client_uri: 'https://evil.example/' }],
  ])('for %s', async (_title, change) => {
    expect((await register(change)).status).toBe(403)
  })
})

it('a service that registered itself gets a token that is good nowhere', async () => {
  const { body } = await register({
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
  })
  const response = await fetch(`${stack.urls.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${body.client_id}:${body.client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: everyScope }),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  expect(claimsOf(access_token)).not.toHaveProperty('aud')
  expect(claimsOf(access_token).scope).toBe('')
  const call = await fetch(stack.urls.mcp, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: '{}',
  })
  expect(call.status).toBe(401)
})

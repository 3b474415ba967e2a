import { createHash, randomBytes } from 'node:crypto'
import { callWithToken } from '@mcp-identity/local-stack/demo'
import {
  Client,
  CrossAppAccessProvider,
  discoverAndRequestJwtAuthGrant,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { claimsOf, createBrowser, tokensOf } from '../interactive-client.ts'

const stack = inject('stack')
const { clientId, secret } = stack.clients.enterprise ?? { clientId: '', secret: '' }
const { corporateIdp, issuer, mcp } = stack.urls
const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const basic = `Basic ${btoa(`${clientId}:${secret}`)}`

let idToken: string

beforeAll(async () => {
  // Keycloak redeems assertions about people whom it knows: alice has signed in before.
  await tokensOf(stack, 'alice', {
    clientId: stack.clients.cli.clientId,
    redirectUri: 'http://127.0.0.1:53011/callback',
    scope: 'openid',
  })
  idToken = await signInAtCompany('alice')
})
afterAll(() => setActive('alice', true))

/** Signs somebody in to the assistant, at the company and nowhere else. */
async function signInAtCompany(username: string): Promise<string> {
  const redirectUri = 'http://127.0.0.1:53011/callback'
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'openid email',
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const person = { username, password: `${username}-at-company` }
  const { arrivedAt } = await createBrowser().open(`${corporateIdp}/auth?${query}`, redirectUri, person)
  const response = await fetch(`${corporateIdp}/token`, {
    method: 'POST',
    headers: { authorization: basic },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: arrivedAt?.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  })
  return ((await response.json()) as { id_token: string }).id_token
}

async function requestAssertion(scope?: string): Promise<string> {
  const { jwtAuthGrant } = await discoverAndRequestJwtAuthGrant({
    idpUrl: corporateIdp,
    audience: issuer,
    resource: mcp,
    idToken,
    clientId,
    clientSecret: secret,
    ...(scope === undefined ? {} : { scope }),
  })
  return jwtAuthGrant
}

async function redeem(assertion: string, scope?: string) {
  const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: basic },
    body: new URLSearchParams({ grant_type: grant, assertion, ...(scope === undefined ? {} : { scope }) }),
  })
  return { status: response.status, body: (await response.json()) as { access_token: string; error?: string } }
}

async function setActive(username: string, active: boolean): Promise<void> {
  await fetch(`${corporateIdp}/admin/people/${username}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${stack.clients.directoryAdmin.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ active }),
  })
}

/** Keycloak 26.7 fails on a `resource` beside an assertion, which names the resource already (keycloak#50251). */
const fetchWithoutResource: typeof fetch = (input, init) => {
  const body = new URLSearchParams(init?.body instanceof URLSearchParams ? init.body : '')
  if (body.get('grant_type') !== grant) return fetch(input, init)
  body.delete('resource')
  return fetch(input, { ...init, body })
}

describe('an assistant that the company manages', () => {
  it('calls a tool as alice, who was asked neither to sign in nor to consent', async () => {
    const client = new Client({ name: 'enterprise-assistant', version: '1.0.0' })
    const authProvider = new CrossAppAccessProvider({
      clientId,
      clientSecret: secret,
      expectedIssuer: issuer,
      // What the MCP server's challenge asks for; the company may give less, and the realm gives what her roles allow.
      assertion: ({ scope }) => requestAssertion(scope),
    })
    await client.connect(new StreamableHTTPClientTransport(new URL(mcp), { authProvider, fetch: fetchWithoutResource }))
    const answer = await client.callTool({ name: 'whoami', arguments: {} })
    await client.close()
    expect(JSON.stringify(answer)).toContain('alice@company.com')
  })

  it('gets the scopes that the assertion names, as far as she has the roles', async () => {
    const { body } = await redeem(await requestAssertion('read:customers admin:reports'))
    expect(claimsOf(body.access_token)).toMatchObject({ aud: mcp, azp: clientId, scope: 'read:customers' })
  })

  it('gets no scope that the assertion does not name', async () => {
    const assertion = await requestAssertion('read:customers')
    expect(await redeem(assertion, 'read:customers write:customers')).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    })
  })

  it('redeems an assertion once', async () => {
    const assertion = await requestAssertion('read:customers')
    expect((await redeem(assertion)).status).toBe(200)
    expect(await redeem(assertion)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('gets no new assertion for a person who was disabled, and an older one is worth nothing', async () => {
    const older = await requestAssertion('read:customers')
    await setActive('alice', false)
    await expect(requestAssertion('read:customers')).rejects.toThrow(/invalid_grant/)
    await expect.poll(async () => (await redeem(older)).body.error, { timeout: 10_000 }).toBe('invalid_grant')
  })

  it('whose token has no session is refused as soon as the person is disabled, and after she is enabled again', async () => {
    await setActive('alice', true)
    await expect
      .poll(async () => (await redeem(await requestAssertion('read:customers'))).status, { timeout: 10_000 })
      .toBe(200)
    const { body } = await redeem(await requestAssertion('read:customers'))
    const status = async () => (await callWithToken(mcp, body.access_token)).status
    expect(claimsOf(body.access_token)).not.toHaveProperty('sid')
    expect(await status()).toBe(200)
    await setActive('alice', false)
    await expect.poll(status, { timeout: 5_000, interval: 20 }).toBe(401)
    await setActive('alice', true)
    expect(await status()).toBe(401)
  })
})

import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBrowser } from './support/browser.ts'
import { brokerSecret, type Company, developmentSecret, enterpriseSecret, startCompany } from './support/company.ts'

const redirectUri = 'http://127.0.0.1:50123/callback'
const idJag = 'urn:ietf:params:oauth:token-type:id-jag'

let company: Company
let configuration: client.Configuration
let idToken: string

beforeAll(async () => {
  company = await startCompany()
  configuration = await client.discovery(
    new URL(company.issuer),
    'enterprise-assistant',
    undefined,
    client.ClientSecretBasic(enterpriseSecret),
    { execute: [client.allowInsecureRequests] },
  )
  idToken = await signIn('alice')
})
afterAll(() => company.stop())

/** Signs somebody in to the enterprise assistant. */
async function signIn(username: string): Promise<string> {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid email',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const browser = createBrowser()
  const page = await browser.open(url.href)
  const after = await browser.submit(page, { username, password: `${username}-at-company` }, { until: redirectUri })
  const tokens = await client.authorizationCodeGrant(configuration, new URL(after.url), { pkceCodeVerifier })
  return tokens.id_token ?? ''
}

function exchange(change: Record<string, string> = {}) {
  const parameters = {
    requested_token_type: idJag,
    subject_token: idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience: company.keycloak.issuer,
    resource: 'http://localhost:8481/mcp',
    scope: 'read:customers',
    ...change,
  }
  return client.genericGrantRequest(configuration, 'urn:ietf:params:oauth:grant-type:token-exchange', parameters)
}

async function setActive(username: string, active: boolean) {
  await fetch(`${company.issuer}/admin/people/${username}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${developmentSecret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ active }),
  })
}

describe('an identity assertion', () => {
  it('says who, through which client, to which authorization server, for which resource', async () => {
    const answer = await exchange()
    expect(answer).toMatchObject({ issued_token_type: idJag, token_type: 'n_a', expires_in: 120 })
    const keySet = createRemoteJWKSet(new URL(`${company.issuer}/jwks`))
    const { payload, protectedHeader } = await jwtVerify(answer.access_token, keySet)
    expect(protectedHeader.typ).toBe('oauth-id-jag+jwt')
    expect(payload).toEqual({
      iss: company.issuer,
      sub: 'emp-1001',
      aud: company.keycloak.issuer,
      client_id: 'enterprise-assistant',
      resource: 'http://localhost:8481/mcp',
      scope: 'read:customers',
      email: 'alice@company.com',
      iat: expect.any(Number),
      exp: (payload.iat ?? 0) + 120,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })

  it('is a new one each time', async () => {
    const [one, other] = await Promise.all([exchange(), exchange()])
    expect(one.access_token).not.toBe(other.access_token)
  })

  it('is announced in the metadata', () => {
    expect(configuration.serverMetadata().identity_chaining_requested_token_types_supported).toEqual([idJag])
  })

  it.each<[string, Record<string, string>, string]>([
    ['another authorization server', { audience: 'https://evil.example' }, 'invalid_target'],
    ['a resource that is no address', { resource: 'mcp' }, 'invalid_target'],
    [
      'another kind of token',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
      'invalid_request',
    ],
    [
      'a subject token that is no ID token',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
      'invalid_request',
    ],
    ['garbage', { subject_token: 'garbage' }, 'invalid_grant'],
  ])('is refused for %s', async (_title, change, error) => {
    await expect(exchange(change)).rejects.toMatchObject({ error })
  })

  it('is refused for an ID token of which a character was changed', async () => {
    const [header = '', payload = '', signature = ''] = idToken.split('.')
    const changed = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('emp-1001', 'emp-1004')).toString(
      'base64url',
    )
    await expect(exchange({ subject_token: [header, changed, signature].join('.') })).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  it('is refused when an assertion is presented as an ID token', async () => {
    const { access_token } = await exchange()
    await expect(exchange({ subject_token: access_token })).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('is refused to a client that may not speak for people', async () => {
    const broker = await client.discovery(
      new URL(company.issuer),
      'keycloak-broker',
      undefined,
      client.ClientSecretBasic(brokerSecret),
      { execute: [client.allowInsecureRequests] },
    )
    await expect(
      client.genericGrantRequest(broker, 'urn:ietf:params:oauth:grant-type:token-exchange', { subject_token: idToken }),
    ).rejects.toMatchObject({ error: 'invalid_request' })
  })

  it('is refused for a person who was disabled, although her ID token has not expired', async () => {
    await setActive('alice', false)
    await expect(exchange()).rejects.toMatchObject({ error: 'invalid_grant' })
    await setActive('alice', true)
  })
})

import { describe, expect, inject, it } from 'vitest'
import { type AuthorizationRequest, claimsOf, requestToken, signIn, tokensOf } from '../interactive-client.ts'

const stack = inject('stack')
const cli: AuthorizationRequest = {
  clientId: stack.clients.cli.clientId,
  redirectUri: 'http://127.0.0.1:53011/callback',
  scope: 'openid read:customers write:own-data write:customers admin:reports read:finance',
}

describe('an access token', () => {
  it('says who, for whom, for which resource, and nothing else', async () => {
    const { tokens } = await tokensOf(stack, 'alice', cli)
    const claims = claimsOf(tokens.access_token)
    expect(Object.keys(claims).sort()).toEqual(
      [
        ...['iss', 'sub', 'azp', 'aud', 'scope', 'sid', 'jti', 'typ', 'iat', 'exp', 'auth_time', 'acr'],
        ...['email', 'name', 'preferred_username', 'department', 'groups', 'zoneinfo', 'country', 'resource_access'],
        'idp',
      ].sort(),
    )
    expect(claims).toMatchObject({
      iss: stack.urls.issuer,
      azp: 'mcp-cli',
      aud: stack.urls.mcp,
      typ: 'Bearer',
      email: 'alice@company.com',
      name: 'Alice Moreau',
      department: 'Engineering',
      groups: ['All Staff', 'Customer Admins'],
      zoneinfo: 'America/New_York',
      country: 'US',
      idp: stack.urls.corporateIdp,
    })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(300)
    // It ends with the session, which is older than the token by as long as the sign-in took.
    const thirtyDays = 30 * 24 * 3600
    expect(tokens.refresh_expires_in).toBeLessThanOrEqual(thirtyDays)
    expect(tokens.refresh_expires_in).toBeGreaterThan(thirtyDays - 60)
  })

  it.each([
    ['alice', 'read:customers write:own-data write:customers'],
    ['anna', 'read:customers'],
    ['bob', 'read:customers write:own-data'],
    ['carol', 'admin:reports read:customers read:finance write:customers write:own-data'],
    ['dave', 'admin:reports read:customers'],
    ['erin', ''],
    ['ivan', 'admin:reports'],
  ])('has the scopes that the groups of %s give, of all that were asked for', async (username, expected) => {
    const { tokens } = await tokensOf(stack, username, cli)
    const scopes = tokens.scope.split(' ').filter((scope) => scope !== 'openid')
    expect(scopes.sort().join(' ')).toBe(expected.split(' ').sort().join(' '))
    const access = claimsOf(tokens.access_token).resource_access as Record<string, { roles: string[] }> | undefined
    expect((access?.[stack.urls.mcp]?.roles ?? []).sort().join(' ')).toBe(expected.split(' ').sort().join(' '))
  })

  it('is for the MCP server also when no resource was named', async () => {
    const { tokens } = await tokensOf(stack, 'anna', { ...cli, resource: false })
    expect(claimsOf(tokens.access_token).aud).toBe(stack.urls.mcp)
  })

  it('is for the directory when a directory administrator asks for it, and for nobody else', async () => {
    const resource = `${stack.urls.corporateIdp}/admin`
    const request = { ...cli, scope: 'openid directory:admin', resource }
    const { tokens } = await tokensOf(stack, 'ivan', request)
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: resource, scope: 'openid directory:admin' })
    expect(await signIn(stack, 'alice', request)).toMatchObject({ outcome: 'refused', error: 'invalid_target' })
  })
})

describe('no token', () => {
  it.each(['https://evil.example/mcp', `${stack.urls.mcp}/`])('is issued for %s', async (resource) => {
    expect(await signIn(stack, 'alice', { ...cli, resource })).toMatchObject({
      outcome: 'refused',
      error: 'invalid_target',
    })
  })

  it('is issued without PKCE', async () => {
    expect(await signIn(stack, 'alice', { ...cli, pkce: false })).toMatchObject({ error: 'invalid_request' })
  })

  it('is issued for an offline session', async () => {
    const request = { ...cli, scope: 'openid offline_access' }
    expect(await signIn(stack, 'alice', request)).toMatchObject({ error: 'invalid_scope' })
  })

  it('is issued for a password', async () => {
    for (const client of ['mcp-cli', 'console', 'admin-cli', 'account']) {
      const { status } = await requestToken(stack, {
        grant_type: 'password',
        client_id: client,
        username: 'alice',
        password: 'alice-at-company',
      })
      expect(status, client).toBeGreaterThanOrEqual(400)
    }
  })

  it('is sent to an address that is not registered', async () => {
    const outcome = await signIn(stack, 'alice', { ...cli, redirectUri: 'http://127.0.0.1:53011/other' })
    expect(outcome).toMatchObject({ outcome: 'page', status: 400 })
  })
})

describe('a refresh token', () => {
  it('works once; when it comes back the whole session ends', async () => {
    const { tokens } = await tokensOf(stack, 'anna', cli)
    const refresh = (token: string) =>
      requestToken(stack, { grant_type: 'refresh_token', client_id: cli.clientId, refresh_token: token })
    const second = await refresh(tokens.refresh_token)
    expect(second.status).toBe(200)
    expect(await refresh(tokens.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const newest = 'refresh_token' in second.body ? second.body.refresh_token : ''
    expect(await refresh(newest)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})

describe('the metadata of the authorization server', () => {
  it('offers no scope that MCP clients cannot have', async () => {
    const { origin, pathname } = new URL(stack.urls.issuer)
    for (const url of [
      `${origin}/.well-known/oauth-authorization-server${pathname}`,
      `${stack.urls.issuer}/.well-known/openid-configuration`,
    ]) {
      const metadata = (await (await fetch(url)).json()) as Record<string, unknown>
      expect(metadata.issuer).toBe(stack.urls.issuer)
      expect(metadata.scopes_supported ?? []).not.toContain('offline_access')
      expect(metadata.code_challenge_methods_supported).toContain('S256')
      expect(metadata.authorization_response_iss_parameter_supported).toBe(true)
    }
  })
})

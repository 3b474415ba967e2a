import { createHash, randomBytes } from 'node:crypto'
import { emulatedNames, issuerEntry, providerAddresses, providers } from '@mcp-identity/provider-dialects'
import { companyGroups } from '@mcp-identity/sample-company'
import {
  adfs,
  auth0,
  cognito,
  createAccessTokenVerifier,
  entraId,
  google,
  type IssuerProfile,
  oauthIssuer,
  okta,
} from '@mcp-identity/token-verifier'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBrowser } from './support/browser.ts'
import { type Company, developmentSecret, startCompany } from './support/company.ts'

const resource = 'http://localhost:8481/mcp'
const redirectUri = 'http://127.0.0.1:53682/callback'
const scopes = ['read:customers', 'write:own-data', 'write:customers', 'admin:reports', 'read:finance']
const scopesOfGroup = { 'Customer Admins': ['read:customers', 'write:own-data', 'write:customers'] }
const presets: Record<string, (settings: never) => IssuerProfile> = {
  entraId,
  okta,
  auth0,
  cognito,
  google,
  adfs,
  oauthIssuer,
}

interface Tokens {
  access_token: string
  refresh_token?: string
  expires_in: number
  token_type: string
}

describe.each(emulatedNames)('as the issuer, in the dialect %s', (name) => {
  const provider = providers[name]
  const isPrefixed = provider.scopes.asked === 'prefixed'
  const ownScopes = provider.scopes.own.includes('offline_access') ? ['offline_access'] : []
  const everyScope =
    provider.scopes.asked === 'none'
      ? provider.scopes.signIn
      : [...scopes.map((scope) => (isPrefixed ? `${resource}/${scope}` : scope)), ...ownScopes]
  let company: Company

  beforeAll(async () => {
    company = await startCompany(({ keycloak: _none, enterpriseClient: _nobody, ...config }) => ({
      ...config,
      provider,
      api: { resource, scopes, scopesOfGroup },
    }))
  })
  afterAll(() => company.stop())

  const addresses = () => providerAddresses(provider, company.origin)

  async function ask(parameters: Record<string, string>) {
    const response = await fetch(addresses().token, {
      method: 'POST',
      body: new URLSearchParams({ client_id: provider.clientIds.cli, ...parameters }),
    })
    return {
      status: response.status,
      body: (await response.json()) as Tokens & { error?: string; error_description?: string },
    }
  }

  /** Where the browser ends, and the verifier of the code. */
  async function authorize(username: string, change: Record<string, string> = {}) {
    const verifier = randomBytes(32).toString('base64url')
    const url = new URL(addresses().authorization)
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: provider.clientIds.cli,
      redirect_uri: redirectUri,
      scope: everyScope.join(' '),
      state: 'the state',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource,
      ...(ownScopes.length > 0 ? { prompt: 'consent' } : {}),
      ...change,
    }).toString()
    const browser = createBrowser()
    const page = await browser.open(url.href, { until: redirectUri })
    const end = page.url.startsWith(redirectUri)
      ? page
      : await browser.submit(page, { username, password: `${username}-at-company` }, { until: redirectUri })
    return { end, answer: new URL(end.url).searchParams, verifier }
  }

  async function signIn(username: string) {
    const { answer, verifier } = await authorize(username)
    return ask({
      grant_type: 'authorization_code',
      code: answer.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: redirectUri,
      resource,
    })
  }

  function verifierOfPreset() {
    const { provider: preset, ...settings } = issuerEntry(provider, company.origin, resource, companyGroups)
    const make = presets[preset] as (settings: object) => IssuerProfile
    const profile = make({ ...settings, dangerouslyAllowInsecureHttp: true })
    return createAccessTokenVerifier({ resource, issuers: [profile], onWarning: () => {} })
  }

  const change = (path: string, method: string, body?: object) =>
    fetch(`${company.origin}/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${developmentSecret}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  it('publishes metadata at the addresses of the provider and nowhere else', async () => {
    for (const path of provider.paths.metadata) {
      const metadata = (await (await fetch(`${company.origin}${path}`)).json()) as Record<string, unknown>
      expect(metadata).toMatchObject({
        issuer: addresses().issuer,
        authorization_endpoint: addresses().authorization,
        token_endpoint: addresses().token,
        jwks_uri: addresses().keys,
      })
      expect(metadata.registration_endpoint).toBeUndefined()
    }
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
      const { status } = await fetch(`${company.origin}${path}`)
      expect(status, path).toBe(provider.paths.metadata.includes(path) ? 200 : 404)
    }
  })

  it('issues an access token that the preset of the verifier reads as the person that she is', async () => {
    const { status, body } = await signIn('alice')
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body.expires_in).toBe(provider.accessToken.lifetimeSeconds)
    const verifier = verifierOfPreset()
    const token = await verifier.verify(body.access_token)
    verifier.close()
    expect(token.issuer).toBe(addresses().accessTokenIssuer)
    expect(token.caller).toMatchObject({ kind: 'person', email: 'alice@company.com' })
    expect(token.clientId).toBe(provider.clientIds.cli)
    if (provider.groups.form === 'none') {
      expect(token.caller.groups).toBeUndefined()
      return
    }
    expect(token.caller).toMatchObject({ name: 'Alice Moreau', department: 'Engineering' })
    expect([...(token.caller.groups ?? [])].sort()).toEqual(['All Staff', 'Customer Admins'])
    const expected = provider.scopes.granted === 'by group' ? scopes.slice(0, 3) : scopes
    expect(token.scopes.filter((scope) => scopes.includes(scope))).toEqual(expected)
    expect(token.claims).toMatchObject({ zoneinfo: 'America/New_York', country: 'US' })
  })

  it('words the token as the provider does', async () => {
    const { access_token: token } = (await signIn('bob')).body
    if (provider.accessToken.form === 'opaque') return expect(token).toMatch(/^ya29\./)
    const { typ } = decodeProtectedHeader(token)
    expect(typ).toBe({ entra: 'JWT', auth0: 'JWT', adfs: 'JWT', generic: 'at+jwt' }[name as string])
    const claims = decodeJwt(token)
    expect(claims.iss).toBe(addresses().accessTokenIssuer)
    const scope = claims.scope ?? claims.scp
    if (name === 'okta') expect(Array.isArray(scope)).toBe(true)
    else expect(typeof scope).toBe('string')
    if (name === 'cognito') expect(scope).toContain(`${resource}/read:customers`)
    if (name === 'entra') expect(String(scope).split(' ')).toContain('read:customers')
  })

  it('refreshes with what the directory says now, and refuses once the person is disabled', async () => {
    const first = (await signIn('erin')).body
    expect(first.refresh_token).toBeDefined()
    await change('people/erin', 'PATCH', { groups: ['Data Analysts'] })
    const second = await ask({ grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '', resource })
    expect(second.status, JSON.stringify(second.body)).toBe(200)
    expect(second.body.refresh_token !== first.refresh_token).toBe(provider.refresh.rotates)
    const verifier = verifierOfPreset()
    const { caller } = await verifier.verify(second.body.access_token)
    if (provider.groups.form !== 'none') expect(caller.groups).toContain('Data Analysts')
    await change('people/erin', 'PATCH', { active: false })
    const third = await ask({ grant_type: 'refresh_token', refresh_token: second.body.refresh_token ?? '', resource })
    expect(third).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(third.body.error_description).toContain(provider.refusals.refreshEnded)
    if (provider.accessToken.form === 'opaque') {
      const other = verifierOfPreset()
      await expect(other.verify(second.body.access_token)).rejects.toMatchObject({ reason: 'inactive' })
      other.close()
    }
    verifier.close()
    const { end } = await authorize('erin')
    expect(end.status).toBe(403)
    expect(end.text).toContain(provider.refusals.disabledAtSignIn)
  })

  it('signs with a new key from one request to the next, and keeps the old one published', async () => {
    const before = (await signIn('anna')).body.access_token
    const verifier = verifierOfPreset()
    await verifier.verify(before)
    expect((await change('signing-key', 'POST')).status).toBe(200)
    const after = (await signIn('anna')).body.access_token
    if (provider.accessToken.form !== 'opaque') {
      expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    }
    await verifier.verify(after)
    await verifier.verify(before)
    verifier.close()
    const { keys } = (await (await fetch(addresses().keys)).json()) as { keys: { d?: string }[] }
    expect(keys).toHaveLength(2)
    expect(keys.every(({ d }) => d === undefined)).toBe(true)
  })

  it('does with more groups than its tokens carry what the provider does', async () => {
    const { most = 300, beyond } = provider.groups
    const names = Array.from({ length: most }, (_, index) => `Group ${index}`)
    expect((await change('groups', 'POST', { groups: names })).status).toBe(201)
    // Everybody is in one group more.
    await change('people/dave', 'PATCH', { groups: names.slice(1) })
    const within = await signIn('dave')
    expect(within.status).toBe(200)
    await change('people/dave', 'PATCH', { groups: names })
    const { status, body } = await signIn('dave')
    if (provider.groups.most !== undefined && beyond === undefined) {
      expect([status, body.error]).toEqual([400, 'invalid_request'])
      return
    }
    if (provider.groups.form === 'none') return
    const verifier = verifierOfPreset()
    const groupsOf = async (token: string) => (await verifier.verify(token)).caller.groups
    expect(await groupsOf(within.body.access_token)).toHaveLength(most)
    if (beyond === undefined) expect(await groupsOf(body.access_token)).toHaveLength(most + 1)
    else {
      expect(await groupsOf(body.access_token)).toBeUndefined()
      expect(decodeJwt(body.access_token)).toMatchObject({ _claim_names: { groups: 'src1' } })
    }
    verifier.close()
  })

  it('does with a resource that is not ours what the provider does', async () => {
    const { answer } = await authorize('alice', { resource: 'https://evil.example/mcp' })
    if (provider.resource === 'ignored') return expect(answer.get('code')).not.toBeNull()
    expect(answer.get('error')).toBe('invalid_target')
    expect(answer.get('error_description')).toContain(provider.refusals.unknownResource)
  })

  it('does with a scope that it does not know what the provider does', async () => {
    const { answer } = await authorize('alice', { scope: `${everyScope.join(' ')} unheard:of` })
    if (provider.scopes.unknown === 'dropped' || provider.scopes.asked === 'none') {
      return expect(answer.get('code')).not.toBeNull()
    }
    expect(answer.get('error')).toBe('invalid_scope')
    expect(answer.get('error_description')).toContain(provider.refusals.unknownScope)
  })
})

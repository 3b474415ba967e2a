import { randomBytes } from 'node:crypto'
import { accessTokenOf, callWithToken } from '@mcp-identity/local-stack/demo'
import { openKeycloakAdministrator } from '@mcp-identity/local-stack/doors'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

/** A realm beside the company's, on the same two nodes, whose administrators do what they like in it. */
const tenant = 'subsidiary'

describe.runIf(inject('containers'))('two tenants on one Keycloak', () => {
  const stack = inject('stack')
  const replicas = stack?.urls.replicas ?? []
  const everyRealm = openKeycloakAdministrator({ ...stack, realm: '' })
  const itsRealm = openKeycloakAdministrator({ ...stack, realm: tenant })
  const secret = randomBytes(24).toString('hex')
  let anna = ''
  let itsToken = ''

  beforeAll(async () => {
    anna = await accessTokenOf(stack, 'anna')
    await everyRealm.request('POST', '', realmOf(secret, stack.urls.mcp))
    await makeAdministrator()
    itsToken = await tokenOfTenant()
  })
  afterAll(() => itsRealm.request('DELETE', ''))

  it("its tokens say that they are for the company's server, and name its scopes", () =>
    expect(claimsOf(itsToken)).toMatchObject({
      iss: `${stack.urls.keycloak}/realms/${tenant}`,
      aud: expect.arrayContaining([stack.urls.mcp]),
      email: claimsOf(anna).email,
    }))

  it("and are refused at every replica of the company's", async () => {
    for (const replica of replicas)
      expect(await callWithToken(replica, itsToken)).toMatchObject({ status: 401, challengeError: 'invalid_token' })
  })

  it("its administrators do not reach the company's realm", async () => {
    const address = `${stack.urls.keycloak}/admin/realms`
    const asAdministrator = { headers: { authorization: `Bearer ${itsToken}` } }
    expect((await fetch(`${address}/${tenant}/users`, asAdministrator)).status).toBe(200)
    for (const path of ['users', 'clients', 'keys', 'events'])
      expect([401, 403]).toContain((await fetch(`${address}/${stack.realm}/${path}`, asAdministrator)).status)
  })

  it("everybody logged out there, its realm disabled: the company's people go on", async () => {
    await itsRealm.request('PUT', '', { notBefore: Math.floor(Date.now() / 1000) + 60 })
    await itsRealm.request('POST', '/logout-all')
    await itsRealm.request('PUT', '', { enabled: false })
    for (const replica of replicas) expect(await callWithToken(replica, anna)).toMatchObject({ status: 200 })
    await expect(tokenOfTenant()).rejects.toThrow()
  })

  /** Of its own realm alone: what Keycloak calls realm-admin of the client realm-management. */
  async function makeAdministrator(): Promise<void> {
    const management = await itsRealm.findClient('realm-management')
    const job = await itsRealm.findClient('job')
    const read = async <Found>(path: string): Promise<Found> =>
      (await (await itsRealm.request('GET', path)).json()) as Found
    const account = await read<{ id: string }>(`/clients/${job}/service-account-user`)
    const role = await read(`/clients/${management}/roles/realm-admin`)
    await itsRealm.request('POST', `/users/${account.id}/role-mappings/clients/${management}`, [role])
  }

  async function tokenOfTenant(): Promise<string> {
    const response = await fetch(`${stack.urls.keycloak}/realms/${tenant}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'job', client_secret: secret }),
    })
    if (!response.ok) throw new Error(`the tenant's realm answered ${response.status}`)
    return ((await response.json()) as { access_token: string }).access_token
  }
})

/** A client that gives itself whatever the company's server looks at. */
function realmOf(secret: string, resource: string): object {
  const claim = (name: string, value: string): object => ({
    name,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-hardcoded-claim-mapper',
    config: { 'claim.name': name, 'claim.value': value, 'jsonType.label': 'String', 'access.token.claim': 'true' },
  })
  return {
    realm: tenant,
    enabled: true,
    clients: [
      {
        clientId: 'job',
        secret,
        serviceAccountsEnabled: true,
        standardFlowEnabled: false,
        fullScopeAllowed: true,
        protocolMappers: [
          claim('email', 'anna@company.com'),
          {
            name: 'audience',
            protocol: 'openid-connect',
            protocolMapper: 'oidc-audience-mapper',
            config: { 'included.custom.audience': resource, 'access.token.claim': 'true' },
          },
        ],
      },
    ],
  }
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

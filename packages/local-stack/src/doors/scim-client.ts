import { randomBytes } from 'node:crypto'
import { type Door, type DoorStack, expectSuccess } from './door.ts'
import { type KeycloakAdministrator, openKeycloakAdministrator } from './keycloak-administrator.ts'
import { createSettling } from './settling.ts'

const clientId = 'third-party-provisioning'
const roles = ['manage-users', 'view-users', 'query-users']

/** A third party's provisioning says by SCIM that the person is no longer active (RFC 7644 section 3.5.2). */
export function scimClient(stack: DoorStack): Door {
  const keycloak = openKeycloakAdministrator(stack)
  const settling = createSettling()
  const scimUrl = `${stack.urls.issuer}/scim/v2`
  let provisioning: Promise<() => Promise<string>> | undefined

  async function setActive(username: string, active: boolean): Promise<boolean> {
    provisioning ??= registerClient(stack, keycloak, scimUrl)
    const headers = { authorization: `Bearer ${await (await provisioning)()}`, 'content-type': 'application/scim+json' }
    const filter = new URLSearchParams({ filter: `userName eq ${JSON.stringify(username)}` })
    const found = await expectSuccess('SCIM look-up', await fetch(`${scimUrl}/Users?${filter}`, { headers }))
    const [person] = ((await found.json()) as { Resources?: { id: string }[] }).Resources ?? []
    if (person === undefined) return false
    const response = await fetch(`${scimUrl}/Users/${person.id}`, {
      method: 'PATCH',
      headers,
      body: JSON.stringify({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'replace', path: 'active', value: active }],
      }),
    })
    await expectSuccess('SCIM change', response)
    return true
  }

  return {
    name: 'scim-client',
    title: 'a third party’s SCIM client sets the person inactive in Keycloak',
    ends: 'tokens',
    async open({ username }) {
      if (!(await setActive(username, false))) throw new Error(`Keycloak knows no ${username}`)
      settling.opened(username)
      return performance.now()
    },
    async restore({ username }) {
      await setActive(username, true)
      await settling.settled(username)
    },
  }
}

/**
 * Registers the third party in the realm, anew each time, with exactly the rights that provisioning needs.
 *
 * @returns What requests an access token for Keycloak's SCIM endpoint.
 */
async function registerClient(
  { urls }: DoorStack,
  keycloak: KeycloakAdministrator,
  scimUrl: string,
): Promise<() => Promise<string>> {
  const secret = randomBytes(24).toString('base64url')
  const id = await makeClient(keycloak, secret, scimUrl)
  const account = (await (await keycloak.request('GET', `/clients/${id}/service-account-user`)).json()) as {
    id: string
  }
  const management = await keycloak.findClient('realm-management')
  const known = (await (await keycloak.request('GET', `/clients/${management}/roles`)).json()) as { name: string }[]
  const granted = known.filter(({ name }) => roles.includes(name))
  await keycloak.request('POST', `/users/${account.id}/role-mappings/clients/${management}`, granted)
  return async () => {
    const response = await fetch(`${urls.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    const answer = await expectSuccess('access token for provisioning', response)
    return ((await answer.json()) as { access_token: string }).access_token
  }
}

async function makeClient(keycloak: KeycloakAdministrator, secret: string, scimUrl: string): Promise<string> {
  const before = await keycloak.findClient(clientId).catch(() => undefined)
  if (before !== undefined) await keycloak.request('DELETE', `/clients/${before}`)
  await keycloak.request('POST', '/clients', {
    clientId,
    secret,
    protocol: 'openid-connect',
    publicClient: false,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    fullScopeAllowed: true,
    protocolMappers: [
      mapper('sub', 'oidc-sub-mapper', {}),
      // Keycloak's SCIM endpoint takes only tokens that were made for it.
      mapper('audience', 'oidc-audience-mapper', { 'included.custom.audience': scimUrl }),
      mapper('roles', 'oidc-usermodel-client-role-mapper', {
        'usermodel.clientRoleMapping.clientId': 'realm-management',
        'claim.name': 'resource_access.realm-management.roles',
        'jsonType.label': 'String',
        multivalued: 'true',
      }),
    ],
  })
  return keycloak.findClient(clientId)
}

function mapper(name: string, protocolMapper: string, config: Record<string, string>): object {
  return { name, protocol: 'openid-connect', protocolMapper, config: { 'access.token.claim': 'true', ...config } }
}

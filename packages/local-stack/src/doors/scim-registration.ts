import { randomBytes } from 'node:crypto'
import { type DoorStack, expectSuccess } from './door.ts'
import { type KeycloakAdministrator, openKeycloakAdministrator } from './keycloak-administrator.ts'

/** A third party that may provision people and groups in the realm (RFC 7644). */
export interface ScimClient {
  /** Base of the endpoint: `/realms/{realm}/scim/v2`. */
  readonly url: string
  /** A new access token for it, for a client that makes its requests itself. */
  accessToken(): Promise<string>
  /** One request below it, worded as the third party likes. Any answer is handed out. */
  request(method: string, path: string, body?: unknown): Promise<Response>
}

const roles = ['manage-users', 'view-users', 'query-users']

/** Registers the third party at the first request, anew each time. @param clientId In the realm. */
export function openScimClient(stack: DoorStack, clientId: string): ScimClient {
  const scimUrl = `${stack.urls.issuer}/scim/v2`
  let provisioning: Promise<() => Promise<string>> | undefined

  async function accessToken(): Promise<string> {
    provisioning ??= registerClient(stack, clientId, scimUrl)
    const readToken = await provisioning
    return readToken()
  }

  return {
    url: scimUrl,
    accessToken,
    async request(method, path, body) {
      return fetch(`${scimUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${await accessToken()}`, 'content-type': 'application/scim+json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    },
  }
}

/**
 * Gives it exactly the rights that provisioning needs.
 *
 * @returns What requests an access token for Keycloak's SCIM endpoint.
 */
async function registerClient(stack: DoorStack, clientId: string, scimUrl: string): Promise<() => Promise<string>> {
  const { urls } = stack
  const keycloak = openKeycloakAdministrator(stack)
  const secret = randomBytes(24).toString('base64url')
  const id = await makeClient(keycloak, clientId, secret, scimUrl)
  const account = (await (await keycloak.request('GET', `/clients/${id}/service-account-user`)).json()) as {
    id: string
  }
  const management = await keycloak.findClient('realm-management')
  const known = (await (await keycloak.request('GET', `/clients/${management}/roles`)).json()) as { name: string }[]
  const granted = known.filter(({ name }) => roles.includes(name))
  await keycloak.request('POST', `/users/${account.id}/role-mappings/clients/${management}`, granted)
  await keycloak.request('POST', `/clients/${id}/scope-mappings/clients/${management}`, granted)
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

async function makeClient(
  keycloak: KeycloakAdministrator,
  clientId: string,
  secret: string,
  scimUrl: string,
): Promise<string> {
  const before = await keycloak.findClient(clientId).catch(() => undefined)
  if (before !== undefined) await keycloak.request('DELETE', `/clients/${before}`)
  await keycloak.request('POST', '/clients', {
    clientId,
    secret,
    protocol: 'openid-connect',
    publicClient: false,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    // Its tokens carry the roles that it is given below, and no others.
    fullScopeAllowed: false,
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

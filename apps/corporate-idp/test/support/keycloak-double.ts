import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose'

/** What a request is about, for faults and for the record. */
export type Operation =
  | 'token'
  | 'find user'
  | 'active true'
  | 'active false'
  | 'create user'
  | 'profile of user'
  | 'delete user'
  | 'links of user'
  | 'link user'
  | 'groups'
  | 'groups of user'
  | 'add member'
  | 'remove member'
  | 'logout token'
  | 'admin logout'

/** How the next request of a kind goes wrong: an answer with this status, or no answer at all. */
export type Fault = number | 'drop'

export interface DoubleUser {
  id: string
  username: string
  /** `sub` at the corporate IdP. */
  subject: string
  active: boolean
  /** Has roles of Keycloak's own administration. */
  isAdministrator?: boolean
  groups: string[]
  sessions: number
  notBefore: boolean
  /** Identity providers of the realm that know her. */
  links: { identityProvider: string; userId: string }[]
  /** What was created or changed by SCIM, by path. */
  profile: Record<string, unknown>
}

const realm = 'company'
const scimError = 'urn:ietf:params:scim:api:messages:2.0:Error'

/**
 * Stands in for Keycloak: the token endpoint, SCIM, back-channel logout, the admin logout and the key set, with the
 * answers that Keycloak 26.7.4 gives, and with faults on demand.
 */
export async function startKeycloakDouble() {
  const users: DoubleUser[] = []
  const groups = new Map<string, string>()
  const calls: string[] = []
  const faults = new Map<Operation, Fault[]>()
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const key = { ...(await exportJWK(publicKey)), kid: 'keycloak-1', alg: 'RS256', use: 'sig' }
  let idpKeySet: { keys: JWK[] } = { keys: [] }
  let tokensGiven = 0
  let made = 0
  let samlMetadata = ''
  const logoutRequests: string[] = []

  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const issuer = `${url}/realms/${realm}`

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    const path = decodeURIComponent(pathname)
    if (path === `/realms/${realm}/protocol/openid-connect/certs`) return reply(response, 200, { keys: [key] })
    if (path === `/realms/${realm}/broker/corporate/endpoint/descriptor`) return sendText(response, samlMetadata)
    if (path === `/realms/${realm}/broker/corporate/endpoint` && request.method === 'POST') {
      logoutRequests.push(Buffer.from(new URLSearchParams(body).get('SAMLRequest') ?? '', 'base64').toString())
      return sendText(response, samlMetadata === '' ? undefined : '<html></html>')
    }
    const operation = operationOf(request.method ?? '', path, body)
    if (operation === undefined) return reply(response, 404, { error: 'unexpected request' })
    calls.push(operation)
    const fault = faults.get(operation)?.shift()
    if (fault === 'drop') return void request.socket.destroy()
    if (
      operation !== 'token' &&
      operation !== 'logout token' &&
      request.headers.authorization !== `Bearer provisioning-${tokensGiven}`
    ) {
      return reply(response, 401, { error: 'HTTP 401 Unauthorized' })
    }
    // Keycloak ends its own sessions and then finds that one of its clients does not answer.
    if (fault === 504) await answer(operation, path, searchParams, body)
    if (fault !== undefined)
      return reply(response, fault, { error: 'unknown_error', error_description: `fault ${fault}` })
    const { status, json } = await answer(operation, path, searchParams, body)
    reply(response, status, json)
  }

  async function answer(operation: Operation, path: string, query: URLSearchParams, body: string): Promise<Answer> {
    const userId = /\/[Uu]sers\/([^/]+)/.exec(path)?.[1]
    const user = users.find(({ id }) => id === userId)
    if (userId !== undefined && user === undefined) {
      return {
        status: 404,
        json: { schemas: [scimError], status: '404', detail: `Resource not found with id ${userId}` },
      }
    }
    switch (operation) {
      case 'token':
        tokensGiven += 1
        return { status: 200, json: { access_token: `provisioning-${tokensGiven}`, expires_in: 300 } }
      case 'find user': {
        const wanted = /^userName eq "([^"]*)"$/.exec(query.get('filter') ?? '')?.[1]
        const found = users.filter(({ username }) => wanted === undefined || username === wanted)
        return { status: 200, json: { totalResults: found.length, Resources: found.map(toScim) } }
      }
      case 'create user': {
        const resource = JSON.parse(body) as { userName: string; externalId: string; active: boolean }
        if (users.some(({ username }) => username === resource.userName))
          return { status: 409, json: { schemas: [scimError], status: '409', scimType: 'uniqueness' } }
        const made = addUser(resource.userName, resource.externalId)
        Object.assign(made, { active: resource.active, sessions: 0, links: [], profile: profileOf(resource) })
        return { status: 201, json: toScim(made) }
      }
      case 'profile of user':
        for (const { path, value } of operationsOf(body)) if (user) user.profile[path] = value
        return { status: 200, json: user && toScim(user) }
      case 'delete user':
        users.splice(users.indexOf(user as DoubleUser), 1)
        return { status: 204, json: undefined }
      case 'links of user':
        return { status: 200, json: user?.links }
      case 'link user': {
        const { userId: subject } = JSON.parse(body) as { userId: string }
        user?.links.push({ identityProvider: path.slice(path.lastIndexOf('/') + 1), userId: subject })
        return { status: 204, json: undefined }
      }
      case 'active false':
      case 'active true':
        if (user) user.active = operation === 'active true'
        return { status: 200, json: user }
      case 'groups':
        return { status: 200, json: { Resources: [...groups].map(([displayName, id]) => ({ id, displayName })) } }
      case 'groups of user': {
        // Keycloak leaves the member out when there is nothing to list.
        const display = user?.groups.map((group) => ({ value: groups.get(group), display: group })) ?? []
        return { status: 200, json: { id: userId, ...(display.length > 0 ? { groups: display } : {}) } }
      }
      case 'add member':
      case 'remove member':
        changeMembers(path, body, operation === 'add member')
        return { status: 200, json: {} }
      case 'logout token':
        return takeLogoutToken(new URLSearchParams(body).get('logout_token') ?? '')
      case 'admin logout':
        if (user) Object.assign(user, { sessions: 0, notBefore: true })
        return { status: 204, json: undefined }
    }
  }

  function addUser(username: string, subject: string, userGroups: string[] = []): DoubleUser {
    made += 1
    const user: DoubleUser = {
      id: `kc-${username}-${made}`,
      username,
      subject,
      active: true,
      groups: userGroups,
      sessions: 1,
      notBefore: false,
      links: [{ identityProvider: 'corporate', userId: subject }],
      profile: {},
    }
    users.push(user)
    return user
  }

  function changeMembers(path: string, body: string, isAdd: boolean): void {
    const group = [...groups].find(([, id]) => path.endsWith(`/${id}`))?.[0] ?? ''
    const [operation] = (JSON.parse(body) as { Operations: { path: string; value?: { value: string }[] }[] }).Operations
    const member = isAdd
      ? operation?.value?.[0]?.value
      : /^members\[value eq "(.+)"\]$/.exec(operation?.path ?? '')?.[1]
    const user = users.find(({ id }) => id === member)
    if (user === undefined) throw new Error('member must be a known user')
    user.groups = user.groups.filter((name) => name !== group)
    if (isAdd) user.groups.push(group)
  }

  async function takeLogoutToken(token: string): Promise<Answer> {
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet(idpKeySet), {
        typ: 'logout+jwt',
        audience: 'keycloak-broker',
        requiredClaims: ['iat', 'jti', 'events', 'sub'],
      })
      for (const user of users) if (user.subject === payload.sub) user.sessions = 0
      return { status: 200, json: undefined }
    } catch {
      return { status: 400, json: { error: 'invalid_request', error_description: 'Invalid logout token' } }
    }
  }

  return {
    url,
    issuer,
    users,
    /** Every request in order, by what it is about. */
    calls,
    addGroups: (...names: string[]) => {
      for (const name of names) groups.set(name, `id of ${name}`)
    },
    /** Somebody who signed in through this corporate IdP once. */
    addUser,
    /** Makes the next requests of this kind go wrong, one fault each. */
    fail: (operation: Operation, ...next: Fault[]) => faults.set(operation, next),
    /** Forgets the tokens that were given out, as after a restart with new keys. */
    revokeProvisioning: () => {
      tokensGiven += 1
    },
    /** Metadata of this double as a SAML service provider; empty: it answers 503. */
    describeAsServiceProvider: (metadata: string) => {
      samlMetadata = metadata
    },
    /** Every LogoutRequest that came without a browser. */
    logoutRequests,
    trustIdp: (keySet: { keys: JWK[] }) => {
      idpKeySet = keySet
    },
    /** An access token as Keycloak makes it. */
    mintAccessToken: (claims: Record<string, unknown>) =>
      new SignJWT({ typ: 'Bearer', azp: 'console', jti: 'token-1', sid: 'session-1', ...claims })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid })
        .setIssuer(issuer)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type KeycloakDouble = Awaited<ReturnType<typeof startKeycloakDouble>>

interface Answer {
  status: number
  json: unknown
}

function operationsOf(body: string): { op: string; path: string; value: unknown }[] {
  return (JSON.parse(body) as { Operations: { op: string; path: string; value: unknown }[] }).Operations
}

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const company = 'urn:ietf:params:scim:schemas:extension:company:2.0:User'

/** What a new User resource says, by the paths that a PATCH uses. */
function profileOf(resource: object): Record<string, unknown> {
  const { name, emails, ...extensions } = resource as Record<string, Record<string, unknown>>
  return {
    'name.givenName': name?.givenName,
    'name.familyName': name?.familyName,
    'emails[type eq "work"].value': (emails as unknown as { value: string }[] | undefined)?.[0]?.value,
    [`${enterprise}:department`]: extensions[enterprise]?.department,
    [`${company}:zoneinfo`]: extensions[company]?.zoneinfo,
    [`${company}:country`]: extensions[company]?.country,
  }
}

function toScim({ id, username, active, groups, profile, isAdministrator = false }: DoubleUser) {
  if (isAdministrator) return { id, userName: username }
  return {
    id,
    userName: username,
    active,
    name: { givenName: profile['name.givenName'], familyName: profile['name.familyName'] },
    emails: [{ value: profile['emails[type eq "work"].value'], primary: true }],
    ...(groups.length > 0 ? { groups: groups.map((display) => ({ display })) } : {}),
    [enterprise]: { department: profile[`${enterprise}:department`] },
    [company]: { zoneinfo: profile[`${company}:zoneinfo`], country: profile[`${company}:country`] },
  }
}

function operationOf(method: string, path: string, body: string): Operation | undefined {
  const scim = `/realms/${realm}/scim/v2`
  const patched = method === 'PATCH' ? operationsOf(body)[0] : undefined
  if (path === `/realms/${realm}/protocol/openid-connect/token`) return 'token'
  if (path === `/realms/${realm}/protocol/openid-connect/logout/backchannel-logout`) return 'logout token'
  if (method === 'POST' && path.startsWith(`/admin/realms/${realm}/users/`) && path.endsWith('/logout'))
    return 'admin logout'
  if (path.includes('/federated-identity')) return method === 'POST' ? 'link user' : 'links of user'
  if (path === `${scim}/Users`) return method === 'POST' ? 'create user' : 'find user'
  if (path === `${scim}/Groups`) return 'groups'
  if (path.startsWith(`${scim}/Users/`)) {
    if (method === 'DELETE') return 'delete user'
    if (patched === undefined) return 'groups of user'
    const active = patched.path === 'active' ? patched.value : (patched.value as { active?: boolean } | null)?.active
    return typeof active === 'boolean' ? (active ? 'active true' : 'active false') : 'profile of user'
  }
  if (path.startsWith(`${scim}/Groups/`)) return patched?.op === 'add' ? 'add member' : 'remove member'
  return undefined
}

function sendText(response: ServerResponse, text: string | undefined): void {
  response.writeHead(text ? 200 : 503, { 'content-type': 'text/xml' })
  response.end(text)
}

function reply(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(json === undefined ? undefined : JSON.stringify(json))
}

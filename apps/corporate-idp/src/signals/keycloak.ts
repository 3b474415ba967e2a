import type { ScimWording } from '@mcp-identity/provider-dialects'
import type { Person, Profile } from '../directory/person.ts'
import {
  type Account,
  accountAttributes,
  readAccount,
  type ScimOperation,
  type ScimUser,
  scimWordings,
  wordNewUser,
  wordProfile,
} from './scim-user.ts'

/** Keycloak, as the corporate IdP sees it: SCIM, back-channel logout, and one call of the admin API. */
export interface Keycloak {
  /** Keycloak's id of the person; `undefined` when she never signed in there. */
  findUser(username: string): Promise<string | undefined>
  findAccount(username: string): Promise<Account | undefined>
  /** Every account but those of services, with groups, page by page. */
  accounts(): AsyncIterable<Account>
  /** @returns Keycloak's id of the new account, which is not linked yet. @throws {KeycloakError} 409: the name or address is taken. */
  createUser(person: Person): Promise<string>
  /** @throws {UnknownUserError} */
  changeProfile(userId: string, profile: Partial<Profile>): Promise<void>
  /** @throws {UnknownUserError} */
  deleteUser(userId: string): Promise<void>
  /** Which identity provider of the realm knows the account under which subject. @throws {UnknownUserError} */
  linksOf(userId: string): Promise<AccountLink[]>
  /** Says that the account is that subject at this corporate IdP, so that her sign-in finds it. @throws {UnknownUserError} */
  link(userId: string, subject: string, username: string): Promise<void>
  /** @throws {UnknownUserError} */
  setActive(userId: string, active: boolean): Promise<void>
  /** Group name → id of every group in the realm. */
  groupIds(): Promise<Map<string, string>>
  /** Names. @throws {UnknownUserError} */
  groupsOf(userId: string): Promise<string[]>
  changeMembership(groupId: string, userId: string, operation: 'add' | 'remove'): Promise<void>
  sendLogoutToken(logoutToken: string): Promise<'done' | 'done, clients not told'>
  /** Ends all sessions and refuses every token issued until now. @throws {UnknownUserError} */
  logOut(userId: string): Promise<void>
}

export interface AccountLink {
  /** Alias of the identity provider in the realm. */
  alias: string
  subject: string
}

export interface KeycloakOptions {
  /** Where this process reaches Keycloak, without a path. */
  url: string
  /** Issuer of the realm; its last segment is the realm's name. */
  issuer: string
  provisioner: { clientId: string; secret: string }
  /** What the realm calls this corporate IdP. Default `corporate`. */
  alias?: string
  /** How a change is worded in SCIM. Default `with path`. */
  wording?: ScimWording
  /** Longest time for one request, in milliseconds. Default 3000. */
  timeoutMs?: number
  fetch?: typeof globalThis.fetch
  /** Milliseconds since the epoch. */
  clock?: () => number
}

/** Keycloak answered, but not as hoped. The message holds the status and Keycloak's own words, never a token. */
export class KeycloakError extends Error {
  override readonly name = 'KeycloakError'
  readonly status: number

  constructor(what: string, status: number, detail: string) {
    super(`${what}: Keycloak answered ${status}${detail === '' ? '' : `, ${detail}`}`)
    this.status = status
  }
}

/** Keycloak has no user with this id (any more). */
export class UnknownUserError extends Error {
  override readonly name = 'UnknownUserError'
}

const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const earlyRenewalMs = 30_000
const defaultTimeoutMs = 3_000
/** Keycloak answers no more than 100 at once. */
const pageSize = 100

interface ScimPage {
  totalResults: number
  Resources?: ScimUser[]
}

export function createKeycloak(options: KeycloakOptions): Keycloak {
  const { alias = 'corporate', wording = 'with path' } = options
  const { issuer, provisioner, timeoutMs = defaultTimeoutMs, fetch = globalThis.fetch, clock = Date.now } = options
  const realm = issuer.slice(issuer.lastIndexOf('/') + 1)
  const realmUrl = `${options.url}/realms/${realm}`
  const adminUrl = `${options.url}/admin/realms/${realm}`
  let accessToken: { value: string; expiresAtMs: number } | undefined
  let tokenRequest: Promise<string> | undefined

  /** One request for all who need a token at the same time. */
  function readAccessToken(): Promise<string> {
    if (accessToken !== undefined && accessToken.expiresAtMs > clock()) return Promise.resolve(accessToken.value)
    tokenRequest ??= requestAccessToken().finally(() => {
      tokenRequest = undefined
    })
    return tokenRequest
  }

  async function requestAccessToken(): Promise<string> {
    const { clientId, secret } = provisioner
    const response = await fetch(`${realmUrl}/protocol/openid-connect/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!response.ok) throw await toError('access token for provisioning', response)
    const answer = (await response.json()) as { access_token: string; expires_in: number }
    accessToken = { value: answer.access_token, expiresAtMs: clock() + answer.expires_in * 1000 - earlyRenewalMs }
    return accessToken.value
  }

  async function call(what: string, method: string, url: string, body?: unknown): Promise<unknown> {
    const send = (token: string) =>
      fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      })
    const token = await readAccessToken()
    let response = await send(token)
    if (response.status === 401) {
      // The access token was revoked or Keycloak lost its keys: one new token, one more try.
      if (accessToken?.value === token) accessToken = undefined
      response = await send(await readAccessToken())
    }
    if (response.status === 404) throw new UnknownUserError(`${what}: not known to Keycloak`)
    if (!response.ok) throw await toError(what, response)
    return response.status === 204 ? undefined : response.json()
  }

  const patch = (what: string, path: string, ...operations: ScimOperation[]) =>
    call(what, 'PATCH', `${realmUrl}/scim/v2/${path}`, { schemas: [patchSchema], Operations: operations })

  async function lookUp(username: string, attributes: string): Promise<ScimUser | undefined> {
    const query = new URLSearchParams({ filter: `userName eq ${JSON.stringify(username)}`, attributes })
    const found = await call('SCIM look-up', 'GET', `${realmUrl}/scim/v2/Users?${query}`)
    return (found as Partial<ScimPage>).Resources?.[0]
  }

  return {
    async findUser(username) {
      return (await lookUp(username, 'userName'))?.id
    },
    async findAccount(username) {
      const user = await lookUp(username, accountAttributes)
      return user === undefined ? undefined : readAccount(user)
    },
    async *accounts() {
      for (let startIndex = 1, total = 1; startIndex <= total; startIndex += pageSize) {
        const query = new URLSearchParams({
          startIndex: String(startIndex),
          count: String(pageSize),
          attributes: accountAttributes,
        })
        const page = (await call('SCIM accounts', 'GET', `${realmUrl}/scim/v2/Users?${query}`)) as ScimPage
        total = page.totalResults
        for (const user of page.Resources ?? []) yield readAccount(user)
      }
    },
    async createUser(person) {
      const created = await call('SCIM create', 'POST', `${realmUrl}/scim/v2/Users`, wordNewUser(person))
      return (created as { id: string }).id
    },
    async changeProfile(userId, profile) {
      await patch('SCIM profile', `Users/${userId}`, ...wordProfile(profile))
    },
    async deleteUser(userId) {
      await call('SCIM delete', 'DELETE', `${realmUrl}/scim/v2/Users/${userId}`)
    },
    async linksOf(userId) {
      const links = await call('links of an account', 'GET', `${adminUrl}/users/${userId}/federated-identity`)
      return (links as { identityProvider: string; userId: string }[]).map(({ identityProvider, userId: subject }) => ({
        alias: identityProvider,
        subject,
      }))
    },
    async link(userId, subject, username) {
      await call('link', 'POST', `${adminUrl}/users/${userId}/federated-identity/${alias}`, {
        userId: subject,
        userName: username,
      })
    },
    async setActive(userId, active) {
      await patch(`SCIM active ${active}`, `Users/${userId}`, scimWordings[wording]('active', active))
    },
    async groupIds() {
      const found = await call('SCIM groups', 'GET', `${realmUrl}/scim/v2/Groups?count=100`)
      const groups = (found as { Resources?: { id: string; displayName: string }[] }).Resources ?? []
      return new Map(groups.map(({ id, displayName }) => [displayName, id]))
    },
    async groupsOf(userId) {
      const found = await call(
        'SCIM groups of a person',
        'GET',
        `${realmUrl}/scim/v2/Users/${userId}?attributes=groups`,
      )
      return ((found as { groups?: { display: string }[] }).groups ?? []).map(({ display }) => display)
    },
    async changeMembership(groupId, userId, operation) {
      const change =
        operation === 'add'
          ? { op: 'add', path: 'members', value: [{ value: userId }] }
          : { op: 'remove', path: `members[value eq "${userId}"]` }
      try {
        await patch(`SCIM ${operation} group member`, `Groups/${groupId}`, change)
      } catch (error) {
        if (!(error instanceof KeycloakError) || error.status !== 403) throw error
        // Keycloak lets nobody give roles of an administrator that she does not have herself.
        throw new KeycloakError(
          `SCIM ${operation} group member`,
          403,
          'the group carries administrative roles, which provisioning may not give',
        )
      }
    },
    sendLogoutToken: createLogoutTokenSender(options),
    async logOut(userId) {
      await call('admin logout', 'POST', `${adminUrl}/users/${userId}/logout`)
    },
  }
}

/** Sends logout tokens to the realm: the one thing that needs no right to change accounts. */
export function createLogoutTokenSender(
  options: Pick<KeycloakOptions, 'url' | 'issuer' | 'timeoutMs' | 'fetch'>,
): Keycloak['sendLogoutToken'] {
  const { url, issuer, timeoutMs = defaultTimeoutMs, fetch = globalThis.fetch } = options
  const endpoint = `${url}${new URL(issuer).pathname}/protocol/openid-connect/logout/backchannel-logout`
  return async (logoutToken) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: logoutToken }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    // Keycloak's own sessions are ended; only one of its clients did not take the message.
    if (response.status === 504) return 'done, clients not told'
    if (!response.ok) throw await toError('back-channel logout', response)
    return 'done'
  }
}

/** OAuth, SCIM and admin errors of Keycloak each have their own member for the text. */
async function toError(what: string, response: Response): Promise<KeycloakError> {
  const body: unknown = await response.json().catch(() => undefined)
  const { error_description, detail, error } = (body ?? {}) as Record<string, unknown>
  const text = [error_description, detail, error].find((candidate) => typeof candidate === 'string') ?? ''
  return new KeycloakError(what, response.status, String(text).slice(0, 200))
}

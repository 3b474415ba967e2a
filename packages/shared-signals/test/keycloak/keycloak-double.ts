import type { KeycloakAdminEvent, KeycloakUserEvent } from '../../src/keycloak/events.ts'

export const issuer = 'https://sso.company.com/realms/company'
export const alice = '2d03d082-2de0-4e4f-9dbe-41a800d4ff25'

type UserEventFields = Omit<KeycloakUserEvent, 'id' | 'time'>
type AdminEventFields = Omit<KeycloakAdminEvent, 'id' | 'time'>

/**
 * Speaks the JSON of Keycloak 26's events and admin events: inclusive `dateFrom`, `direction`, `first` and `max`, service
 * tokens that expire, 401 for a token that was ended.
 */
export class KeycloakDouble {
  now = 1_795_452_957_000
  isDown = false
  /** How long the next requests wait for their answers, as those to a node that has just come up. */
  waits: number[] = []
  config = {
    eventsEnabled: true,
    eventsExpiration: 604_800,
    eventsListeners: ['jboss-logging'],
    enabledEventTypes: ['LOGIN', 'LOGOUT', 'REVOKE_GRANT'],
    adminEventsEnabled: true,
    adminEventsDetailsEnabled: true,
  }
  mayListPeople = true
  disabledPeople: string[] = []
  validToken = 'service-token-1'
  tokenRequests = 0
  readonly requests: string[] = []
  readonly #userEvents: KeycloakUserEvent[] = []
  readonly #adminEvents: KeycloakAdminEvent[] = []
  #ids = 0

  readonly clock = () => this.now / 1000

  userEvent(fields: UserEventFields, time = this.now): KeycloakUserEvent {
    const event = { id: `user-event-${++this.#ids}`, time, ...fields }
    this.#userEvents.push(event)
    return event
  }

  adminEvent(fields: AdminEventFields, time = this.now): KeycloakAdminEvent {
    const event = { id: `admin-event-${++this.#ids}`, time, ...fields }
    this.#adminEvents.push(event)
    return event
  }

  disable(subject: string, time = this.now): KeycloakAdminEvent {
    const representation = '{"enabled":false}'
    return this.adminEvent(
      { operationType: 'UPDATE', resourceType: 'USER', resourcePath: `users/${subject}`, representation },
      time,
    )
  }

  enable(subject: string): KeycloakAdminEvent {
    const representation = '{"enabled":true}'
    return this.adminEvent({
      operationType: 'UPDATE',
      resourceType: 'USER',
      resourcePath: `users/${subject}`,
      representation,
    })
  }

  endServiceTokens(): void {
    this.validToken = `service-token-${++this.#ids}`
  }

  /** From now on its access tokens are JWTs, as those of Keycloak are. */
  issueSignedTokens(): void {
    const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')
    this.validToken = [part({ alg: 'RS256' }), part({ iat: Math.floor(this.clock()) }), 'signature'].join('.')
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input))
    this.requests.push(`${url.pathname}${url.search}`)
    if (this.isDown)
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })
    const waitMs = this.waits.shift()
    if (waitMs !== undefined) await waitFor(waitMs, init?.signal)
    if (url.pathname.endsWith('/protocol/openid-connect/token')) return this.#issue()
    if (new Headers(init?.headers).get('authorization') !== `Bearer ${this.validToken}`)
      return new Response(null, { status: 401 })
    if (url.pathname.endsWith('/users') && !this.mayListPeople) return new Response(null, { status: 403 })
    return Response.json(this.#answer(url))
  }

  #issue(): Response {
    this.tokenRequests++
    return Response.json({ access_token: this.validToken, expires_in: 300, token_type: 'Bearer' })
  }

  #answer(url: URL): unknown {
    const path = url.pathname.slice('/admin/realms/company'.length)
    if (path === '/events/config') return this.config
    if (path === '/users') return page(this.disabledPeople, url).map((id) => ({ id, username: id, enabled: false }))
    if (path === '/events') return page(since(this.#userEvents, 'type', url.searchParams.getAll('type'), url), url)
    return page(since(this.#adminEvents, 'resourceType', url.searchParams.getAll('resourceTypes'), url), url)
  }
}

function since<Event extends { time: number }>(
  events: Event[],
  member: keyof Event,
  types: string[],
  url: URL,
): Event[] {
  const from = Number(url.searchParams.get('dateFrom'))
  const matching = events.filter((event) => event.time >= from && types.includes(String(event[member])))
  return matching.sort((a, b) => a.time - b.time)
}

function page<Item>(items: Item[], url: URL): Item[] {
  const first = Number(url.searchParams.get('first'))
  return items.slice(first, first + Number(url.searchParams.get('max')))
}

/** By the fake timers of the test: nothing waits for real. */
function waitFor(milliseconds: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, milliseconds)
    signal?.addEventListener('abort', () => reject(signal.reason))
  })
}

/** A user event as `GET /admin/realms/{realm}/events` tells it; only what is read here. */
export interface KeycloakUserEvent {
  id: string
  /** Milliseconds since the epoch. */
  time: number
  type: string
  clientId?: string
  userId?: string
  sessionId?: string
  error?: string
  details?: Record<string, string>
}

/** An admin event as `GET /admin/realms/{realm}/admin-events` tells it; only what is read here. */
export interface KeycloakAdminEvent {
  id: string
  /** Milliseconds since the epoch. */
  time: number
  operationType: string
  resourceType: string
  /** Absent for the realm itself. */
  resourcePath?: string
  /** The changed resource as JSON text, when the realm records details. */
  representation?: string
  error?: string
}

/** What `GET /admin/realms/{realm}/events/config` says about what the realm records. */
export interface KeycloakEventsConfig {
  eventsEnabled: boolean
  /** Seconds; absent or 0: for ever. */
  eventsExpiration?: number
  /** Empty or absent: the types that Keycloak records by default, which include all that are read here. */
  enabledEventTypes?: string[]
  adminEventsEnabled: boolean
  adminEventsDetailsEnabled: boolean
}

/** @throws {TypeError} The answer is not a list of events. */
export function parseUserEvents(answer: unknown): KeycloakUserEvent[] {
  return parseEvents<KeycloakUserEvent>(answer, ['type'])
}

/** @throws {TypeError} The answer is not a list of admin events. */
export function parseAdminEvents(answer: unknown): KeycloakAdminEvent[] {
  return parseEvents<KeycloakAdminEvent>(answer, ['operationType', 'resourceType'])
}

/** @throws {TypeError} The answer is not an events configuration. */
export function parseEventsConfig(answer: unknown): KeycloakEventsConfig {
  if (!isObject(answer) || typeof answer.eventsEnabled !== 'boolean') {
    throw new TypeError('expected the configuration of events, found something else')
  }
  return answer as unknown as KeycloakEventsConfig
}

/** @throws {TypeError} The answer is not a list of people. */
export function parsePersonIds(answer: unknown): string[] {
  if (!Array.isArray(answer)) throw new TypeError('expected a list of people, found something else')
  return answer.map((person: unknown) => {
    if (isObject(person) && typeof person.id === 'string') return person.id
    throw new TypeError('expected people with ids')
  })
}

/** @throws {TypeError} The answer is not a list of identities. */
export function parseFederatedIdentities(answer: unknown): { identityProvider: string; userId: string }[] {
  if (!Array.isArray(answer)) throw new TypeError('expected a list of identities, found something else')
  return answer.map((identity: unknown) => {
    if (isObject(identity) && typeof identity.identityProvider === 'string' && typeof identity.userId === 'string') {
      return { identityProvider: identity.identityProvider, userId: identity.userId }
    }
    throw new TypeError('expected identities with provider and id')
  })
}

function parseEvents<Event>(answer: unknown, members: string[]): Event[] {
  if (!Array.isArray(answer)) throw new TypeError('expected a list of events, found something else')
  for (const event of answer as unknown[]) {
    const isEvent =
      isObject(event) &&
      typeof event.id === 'string' &&
      Number.isFinite(event.time) &&
      members.every((member) => typeof event[member] === 'string')
    if (!isEvent) throw new TypeError(`expected events with "id", "time" and ${members.join(', ')}`)
  }
  return answer as Event[]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { effectiveTime } from '../effective-time.ts'
import type { CutOff, CutOffCause, PermissionsChange, PermissionsChangeCause, Signal } from '../signal.ts'
import type { KeycloakAdminEvent, KeycloakUserEvent } from './events.ts'

/** When an event was seen, in milliseconds since the epoch on Keycloak's clock. */
export interface Sighting {
  issuer: string
  seenAtMs: number
}

/** The user events that end something; the poller asks for these types only. */
export const userEventTypes = [
  'LOGOUT',
  'REVOKE_GRANT',
  'DELETE_ACCOUNT',
  'UPDATE_PASSWORD',
  'RESET_PASSWORD',
  'UPDATE_TOTP',
  'REMOVE_TOTP',
  'USER_DISABLED_BY_PERMANENT_LOCKOUT',
] as const

/** The kinds of resource whose admin events end or change something. */
export const adminResourceTypes = [
  'USER',
  'USER_SESSION',
  'GROUP',
  'GROUP_MEMBERSHIP',
  'CLIENT',
  'CLIENT_ROLE',
  'CLIENT_ROLE_MAPPING',
  'REALM',
  'REALM_ROLE',
  'REALM_ROLE_MAPPING',
] as const

type Named = Pick<CutOff, 'subject' | 'sessionId' | 'tokenId' | 'clientId'> & { cause: CutOffCause }

const userEventReaders: Record<string, (event: KeycloakUserEvent) => Named | undefined> = {
  LOGOUT: ({ sessionId, userId }) => (sessionId ? { sessionId, cause: 'session_ended' } : whole(userId, 'logged_out')),
  REVOKE_GRANT: readRevokedGrant,
  DELETE_ACCOUNT: ({ userId }) => whole(userId, 'account_deleted'),
  UPDATE_PASSWORD: ({ userId }) => whole(userId, 'credential_changed'),
  RESET_PASSWORD: ({ userId }) => whole(userId, 'credential_changed'),
  UPDATE_TOTP: ({ userId }) => whole(userId, 'credential_changed'),
  REMOVE_TOTP: ({ userId }) => whole(userId, 'credential_changed'),
  USER_DISABLED_BY_PERMANENT_LOCKOUT: ({ userId }) => whole(userId, 'account_disabled'),
}

/** What a user event of Keycloak means for tokens: nothing, or one cut-off. */
export function readUserEvent(event: KeycloakUserEvent, sighting: Sighting): Signal[] {
  if (event.error) return []
  const named = userEventReaders[event.type]?.(event)
  return named === undefined ? [] : [cutOffAt(event.time, sighting, named)]
}

/** RFC 7009: a refresh token ends its client's part of the session, an access token only itself. */
function readRevokedGrant({ sessionId, userId, clientId, details }: KeycloakUserEvent): Named | undefined {
  const client = details?.revoked_client ?? clientId
  if (details?.token_id) return { tokenId: details.token_id, cause: 'token_revoked' }
  if (sessionId) return { sessionId, clientId: client, cause: 'grant_revoked' }
  return userId ? { subject: userId, clientId: client, cause: 'grant_revoked' } : undefined
}

function whole(subject: string | undefined, cause: CutOffCause): Named | undefined {
  return subject ? { subject, cause } : undefined
}

interface AdminRule {
  resourceType: string
  path: RegExp
  read: (event: KeycloakAdminEvent, id: string, sighting: Sighting, rest: string) => Signal[]
}

/**
 * Every admin event that ends or changes something: first rule whose resource and whole path fit. Paths are matched
 * whole, since `users/{id}/federated-identity/{alias}` is deleted as a USER too and ends nothing.
 */
const adminRules: AdminRule[] = [
  { resourceType: 'USER', path: /^(?:scim\/v2\/Users|users)\/([^/]+)$/, read: readUserChange },
  { resourceType: 'USER', path: /^users\/([^/]+)\/logout$/, read: endSubject('logged_out') },
  {
    resourceType: 'USER',
    path: /^users\/([^/]+)\/(?:reset-password|disable-credential-types|credentials\/[^/]+)$/,
    read: endSubject('credential_changed'),
  },
  { resourceType: 'USER', path: /^users\/([^/]+)\/consents\/(.+)$/, read: readRevokedConsent },
  { resourceType: 'USER_SESSION', path: /^sessions\/([^/]+)$/, read: readEndedSession },
  {
    resourceType: 'GROUP_MEMBERSHIP',
    path: /^users\/([^/]+)\/groups\/[^/]+$/,
    read: changePermissionsOf('groups_changed'),
  },
  {
    resourceType: 'CLIENT_ROLE_MAPPING',
    path: /^users\/([^/]+)\/role-mappings\/.+$/,
    read: changePermissionsOf('roles_changed'),
  },
  {
    resourceType: 'REALM_ROLE_MAPPING',
    path: /^users\/([^/]+)\/role-mappings\/.+$/,
    read: changePermissionsOf('roles_changed'),
  },
  { resourceType: 'GROUP', path: /^scim\/v2\/Groups\/([^/]+)$/, read: readGroupChange },
  { resourceType: 'GROUP', path: /^groups\/([^/]+)$/, read: readGroupChange },
  { resourceType: 'CLIENT_ROLE_MAPPING', path: /^(?:groups|clients|client-scopes)\/([^/]+)\/.+$/, read: changeAll },
  { resourceType: 'REALM_ROLE_MAPPING', path: /^(?:groups|clients|client-scopes)\/([^/]+)\/.+$/, read: changeAll },
  { resourceType: 'CLIENT_ROLE', path: /^(?:clients|roles-by-id)\/([^/]+).*$/, read: readRoleChange },
  { resourceType: 'REALM_ROLE', path: /^(?:roles|roles-by-id)\/([^/]+).*$/, read: readRoleChange },
  { resourceType: 'CLIENT', path: /^clients\/([^/]+)$/, read: readClientChange },
  { resourceType: 'REALM', path: /^(logout-all)$/, read: endAll('all_sessions_ended') },
  { resourceType: 'REALM', path: /^()$/, read: readRealmChange },
]

/** What an admin event of Keycloak, or of its SCIM service, means for tokens. */
export function readAdminEvent(event: KeycloakAdminEvent, sighting: Sighting): Signal[] {
  if (event.error) return []
  for (const { resourceType, path, read } of adminRules) {
    const match = resourceType === event.resourceType ? path.exec(event.resourcePath ?? '') : null
    if (match) return read(event, match[1] ?? '', sighting, match[2] ?? '')
  }
  return []
}

/** An event that does not say whether the person may still come in counts as "may not". */
function readUserChange(event: KeycloakAdminEvent, subject: string, sighting: Sighting): Signal[] {
  if (event.operationType === 'CREATE') return []
  if (event.operationType === 'DELETE') return [cutOffAt(event.time, sighting, { subject, cause: 'account_deleted' })]
  const person = representationOf(event)
  const enabled = event.resourcePath?.startsWith('scim/') ? person?.active : (person?.enabled ?? true)
  if (person === undefined || enabled !== true) {
    return [cutOffAt(event.time, sighting, { subject, cause: 'account_disabled' })]
  }
  const cause =
    typeof person.active === 'boolean' || typeof person.enabled === 'boolean' ? 'account_active' : 'account_updated'
  return changePermissionsOf(cause)(event, subject, sighting, '')
}

function readRevokedConsent(event: KeycloakAdminEvent, subject: string, sighting: Sighting, client: string): Signal[] {
  return [cutOffAt(event.time, sighting, { subject, clientId: decodePath(client), cause: 'grant_revoked' })]
}

function readEndedSession(event: KeycloakAdminEvent, sessionId: string, sighting: Sighting): Signal[] {
  return event.operationType === 'DELETE' ? [cutOffAt(event.time, sighting, { sessionId, cause: 'session_ended' })] : []
}

/** A change of members through SCIM, or the end of the group, names the group; a renamed one is known by its old name, which the event does not tell. */
function readGroupChange(event: KeycloakAdminEvent, _id: string, sighting: Sighting): Signal[] {
  if (event.operationType === 'CREATE') return []
  const group = representationOf(event)
  const isScim = event.resourcePath?.startsWith('scim/') === true
  const name = isScim ? group?.displayName : event.operationType === 'DELETE' ? group?.name : undefined
  const named = typeof name === 'string' && name !== '' ? { group: name } : {}
  return [permissionsChangedAt(event.time, sighting, { ...named, cause: 'groups_changed' })]
}

function readRoleChange(event: KeycloakAdminEvent, _id: string, sighting: Sighting): Signal[] {
  const isNewRole = event.operationType === 'CREATE' && !event.resourcePath?.includes('/composites')
  return isNewRole ? [] : changeAll(event, '', sighting)
}

function readClientChange(event: KeycloakAdminEvent, _id: string, sighting: Sighting): Signal[] {
  const client = representationOf(event)
  const clientId = client?.clientId
  if (event.operationType === 'CREATE' || typeof clientId !== 'string' || clientId === '') return []
  if (event.operationType === 'DELETE') return [cutOffAt(event.time, sighting, { clientId, cause: 'client_deleted' })]
  if (client?.enabled === false) return [cutOffAt(event.time, sighting, { clientId, cause: 'client_disabled' })]
  return raisedNotBefore(client, sighting, { clientId })
}

function readRealmChange(event: KeycloakAdminEvent, _id: string, sighting: Sighting): Signal[] {
  const realm = representationOf(event)
  if (realm?.enabled === false) return [cutOffAt(event.time, sighting, { cause: 'realm_disabled' })]
  return raisedNotBefore(realm, sighting, {})
}

/** Keycloak's own "not before" of a realm or client: a time that somebody chose, taken as it is. */
function raisedNotBefore(
  representation: Record<string, unknown> | undefined,
  { issuer, seenAtMs }: Sighting,
  named: { clientId?: string },
): Signal[] {
  const notBefore = representation?.notBefore
  if (typeof notBefore !== 'number' || !(notBefore > 0)) return []
  return [{ kind: 'cut_off', issuer, ...named, notBefore, cause: 'not_before_raised', receivedAt: seenAtMs / 1000 }]
}

function endSubject(cause: CutOffCause): AdminRule['read'] {
  return (event, subject, sighting) => [cutOffAt(event.time, sighting, { subject, cause })]
}

function endAll(cause: CutOffCause): AdminRule['read'] {
  return (event, _id, sighting) => [cutOffAt(event.time, sighting, { cause })]
}

function changePermissionsOf(cause: PermissionsChangeCause): AdminRule['read'] {
  return (event, subject, sighting) => [permissionsChangedAt(event.time, sighting, { subject, cause })]
}

function changeAll(event: KeycloakAdminEvent, _id: string, sighting: Sighting): Signal[] {
  return [permissionsChangedAt(event.time, sighting, { cause: 'roles_changed' })]
}

function cutOffAt(time: number, sighting: Sighting, named: Named): Signal {
  const { issuer, seenAtMs } = sighting
  return { kind: 'cut_off', issuer, ...named, notBefore: effectiveSecond(time, sighting), receivedAt: seenAtMs / 1000 }
}

function permissionsChangedAt(
  time: number,
  sighting: Sighting,
  named: Pick<PermissionsChange, 'subject' | 'group' | 'cause'>,
): Signal {
  return { kind: 'permissions_changed', issuer: sighting.issuer, ...named, changedAt: effectiveSecond(time, sighting) }
}

/** @param time Of the event, in milliseconds. */
function effectiveSecond(time: number, { seenAtMs }: Sighting): number {
  return Math.floor(effectiveTime(time / 1000, seenAtMs / 1000))
}

function representationOf(event: KeycloakAdminEvent): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(event.representation ?? '')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function decodePath(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

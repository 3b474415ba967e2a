import type { AuditEvent, AuditRecord } from '../audit-event.ts'
import { humanLine } from '../human-line.ts'

/** An event of the Open Cybersecurity Schema Framework, as JSON. */
export type OcsfEvent = Readonly<Record<string, unknown>>

const version = '1.8.0'
const activity = { unknown: 0, create: 1, read: 2, update: 3, delete: 4, other: 99 } as const

/** What a tool does to the data, from the verb that its name begins with; others are `other`. */
const activityOfVerb: Readonly<Record<string, number>> = {
  create: activity.create,
  add: activity.create,
  get: activity.read,
  list: activity.read,
  search: activity.read,
  run: activity.read,
  export: activity.read,
  whoami: activity.read,
  update: activity.update,
  change: activity.update,
  delete: activity.delete,
  remove: activity.delete,
}

interface Classification {
  category: number
  class: number
  activity: number
  /** The name of an activity that is `other` (99). */
  activityName?: string
  members: (event: AuditEvent) => Record<string, unknown>
}

const iam = 3
const application = 6
const aboutUser = (event: AuditEvent) => ({ user: userOf(event) })
const aboutGroup = (event: AuditEvent) => ({
  user: userOf(event),
  group: { name: String(event.details?.group ?? 'unknown') },
})
const session = (activityName: string): Classification => ({
  category: iam,
  class: 3003,
  activity: activity.other,
  activityName,
  members: (event) => ({
    user: userOf(event),
    privileges: ['session'],
    ...(event.sessionId && { session: sessionOf(event) }),
  }),
})
const account = (id: number): Classification => ({ category: iam, class: 3001, activity: id, members: aboutUser })
const group = (activityName: string): Classification => ({
  category: iam,
  class: 3006,
  activity: activity.other,
  activityName,
  members: aboutGroup,
})

/** Security events that have a class of their own, by action and reason or by action; any other one is Entity Management. */
const securityClasses: Readonly<Record<string, Classification>> = {
  'revocation_received account_disabled': account(5),
  'revocation_received account_deleted': account(6),
  revocation_received: session('Revoke'),
  'permissions_change_received account_active': account(2),
  'permissions_change_received groups_changed': group('Change Members'),
  permissions_change_received: session('Change Privileges'),
  stream_cut: session('Cut'),
}

/**
 * Turns a record into an event of OCSF 1.8: a call is API Activity (6003), a revocation Authorize Session (3003), a
 * change of a person Account Change (3001) or Group Management (3006), anything else Entity Management (3004).
 *
 * `metadata.uid` is the record's hash and `metadata.sequence` its number, so that an event leads back to the log.
 * What OCSF has no place for is in `unmapped`.
 */
export function toOcsf({ sequence, hash, event }: AuditRecord): OcsfEvent {
  const found = classify(event)
  const allowed = event.outcome === 'allowed' || event.outcome === 'succeeded'
  const milliseconds = Date.parse(event.time)
  return {
    category_uid: found.category,
    class_uid: found.class,
    activity_id: found.activity,
    ...(found.activityName && { activity_name: found.activityName }),
    type_uid: found.class * 100 + found.activity,
    time: milliseconds,
    severity_id: allowed ? 1 : 2,
    status_id: allowed ? 1 : 2,
    ...(event.times && { count: event.times }),
    ...(event.reason && { status_detail: event.reason }),
    ...(event.phase === 'decision' && {
      action_id: event.outcome === 'allowed' ? 1 : 2,
      disposition_id: event.outcome === 'allowed' ? 1 : 2,
    }),
    message: humanLine(event),
    metadata: {
      version,
      product: { name: 'MCP server', vendor_name: 'mcp-identity-stack' },
      profiles: ['security_control'],
      uid: hash,
      sequence,
      event_code: event.action,
      original_time: event.time,
      ...(event.requestId && { correlation_uid: event.requestId }),
    },
    ...found.members(event),
    ...(found.class !== 6003 && { actor: actorOf(event) }),
    unmapped: unmapped(event),
  }
}

function classify(event: AuditEvent): Classification {
  if (event.phase !== 'security') return apiActivity(event)
  const name = [`${event.action} ${event.reason}`, event.action].find((each) => Object.hasOwn(securityClasses, each))
  return (
    securityClasses[name ?? ''] ?? {
      category: iam,
      class: 3004,
      activity: activity.other,
      activityName: event.action,
      members: () => ({ entity: { name: event.action, type: 'MCP server' } }),
    }
  )
}

function apiActivity(event: AuditEvent): Classification {
  const verb = event.tool?.split('_')[0] ?? ''
  const id = Object.hasOwn(activityOfVerb, verb) ? (activityOfVerb[verb] ?? activity.other) : activity.other
  const named = id === activity.other ? { activityName: event.tool ?? event.action } : {}
  return {
    category: application,
    class: 6003,
    activity: id,
    ...named,
    members: () => ({
      actor: actorOf(event),
      api: {
        operation: event.tool ?? event.action,
        service: { name: 'mcp' },
        ...(event.protocolEra && { version: event.protocolEra }),
        ...(event.requestId && { request: { uid: event.requestId } }),
      },
      // The network is not the log's business; the client is the end that it knows.
      src_endpoint: { name: event.clientId ?? 'unknown', type_id: 0 },
      ...(event.durationMs !== undefined && { duration: Math.round(event.durationMs) }),
    }),
  }
}

function actorOf(event: AuditEvent): Record<string, unknown> {
  return {
    user: userOf(event),
    ...(event.sessionId && { session: sessionOf(event) }),
    ...(event.clientId && { app_uid: event.clientId }),
    ...(event.actors && event.actors.length > 0 && { invoked_by: event.actors.join(', then ') }),
    ...(event.policies &&
      event.policies.length > 0 && {
        authorizations: event.policies.map((name) => ({ decision: event.outcome, policy: { name } })),
      }),
    ...(event.issuer && { idp: { name: event.identityProvider ?? event.issuer } }),
  }
}

const userTypes: Readonly<Record<string, number>> = { person: 1, service: 4, agent: 99 }

function userOf(event: AuditEvent): Record<string, unknown> {
  const type = userTypes[event.callerKind ?? ''] ?? 0
  return {
    uid: event.subject ?? event.clientId ?? 'unknown',
    type_id: type,
    ...(type === 99 && { type: event.callerKind }),
    ...(event.name && { name: event.name }),
    ...(event.email && { email_addr: event.email }),
    ...(event.department && { org: { name: 'company', ou_name: event.department } }),
  }
}

function sessionOf(event: AuditEvent): Record<string, unknown> {
  return {
    uid: event.sessionId,
    ...(event.issuer && { issuer: event.issuer }),
    ...(event.tokenId && { credential_uid: event.tokenId }),
  }
}

function unmapped(event: AuditEvent): Record<string, unknown> {
  const { phase, argumentsDigest, readableArguments, policyVersion, traceparent, details } = event
  const members = { phase, argumentsDigest, readableArguments, policyVersion, traceparent, details }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

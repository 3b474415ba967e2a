import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Visibility } from './visibility.ts'

type Maybe<T> = T | null | undefined

/**
 * Who calls, as policies see it: the caller of a verified access token and the token's issuer, subject and client.
 *
 * Freeze an object that is used for many calls: what policies see of it is then worked out once for each set of policies.
 */
export interface PolicyCaller {
  kind: 'person' | 'service' | 'agent'
  issuer: string
  subject: string
  clientId: string
  name?: Maybe<string>
  email?: Maybe<string>
  /** The caller's team is her department. */
  department?: Maybe<string>
  /**
   * Names. Empty: the caller is in none. Left out: unknown, which is not the same: no group then gives anything, and
   * whatever is forbidden to any group is forbidden.
   */
  groups?: Maybe<readonly string[]>
  roles?: Maybe<readonly string[]>
  /** IANA time zone; business hours are in it. */
  zoneinfo?: Maybe<string>
  /** ISO 3166 country; its holidays count. */
  country?: Maybe<string>
  /** Scopes of the access token. Left out: the layer of scopes is not asked here. */
  scopes?: Maybe<readonly string[]>
  /** Roles that the caller has now, where something newer than the token knows. Left out: not asked. */
  liveRoles?: Maybe<readonly string[]>
}

/** Cedar's type for each kind of caller. */
export const callerType = { person: 'Person', service: 'Service', agent: 'Agent' } as const

/**
 * The caller as a Cedar entity, with the attributes that policies can see.
 *
 * Its id joins issuer and subject, and its type is the kind, so that a client can never stand in for a person whose
 * subject equals the client's id, nor one issuer's subject for another's. Where no policy compares callers
 * themselves, the id is left out, and callers in the same position are decided alike. Groups that no policy names are
 * left out too.
 */
export function callerEntity(caller: PolicyCaller, visible: Visibility['principal']): EntityJson {
  const type = callerType[caller.kind]
  if (type === undefined) throw new TypeError(`no such kind of caller: ${String(caller.kind)}`)
  const groups = [...new Set(caller.groups ?? [])].filter((group) => visible.groups.has(group)).sort()
  const all: Record<string, CedarValueJson | undefined> = {
    issuer: caller.issuer,
    clientId: caller.clientId,
    kind: caller.kind,
    hasGroups: (caller.groups ?? []).length > 0,
    roles: [...new Set(caller.roles ?? [])].sort(),
    team: caller.department === null || caller.department === '' ? undefined : caller.department,
  }
  const attrs: EntityJson['attrs'] = {}
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && visible.attributes.has(name)) attrs[name] = value
  }
  return {
    uid: { type, id: visible.identity ? `${caller.issuer} ${caller.subject}` : '' },
    attrs,
    parents: groups.map((id) => ({ type: 'Group', id })),
  }
}

import type { EntityJson } from '@cedar-policy/cedar-wasm/nodejs'

type Maybe<T> = T | null | undefined

/** Who calls, as policies see it: the caller of a verified access token and the token's issuer, subject and client. */
export interface PolicyCaller {
  kind: 'person' | 'service' | 'agent'
  issuer: string
  subject: string
  clientId: string
  name?: Maybe<string>
  email?: Maybe<string>
  /** The caller's team is her department. */
  department?: Maybe<string>
  groups?: Maybe<readonly string[]>
  roles?: Maybe<readonly string[]>
  /** IANA time zone; business hours are in it. */
  zoneinfo?: Maybe<string>
  /** ISO 3166 country; its holidays count. */
  country?: Maybe<string>
  /** Scopes of the access token. */
  scopes?: Maybe<readonly string[]>
}

/** Cedar's type for each kind of caller. */
export const callerType = { person: 'Person', service: 'Service', agent: 'Agent' } as const

/**
 * The caller as a Cedar entity. Its id joins issuer and subject, and its type is the kind, so that a client can never
 * stand in for a person whose subject equals the client's id, nor one issuer's subject for another's.
 */
export function callerEntity(caller: PolicyCaller): EntityJson {
  const groups = [...new Set(caller.groups ?? [])]
  const attrs: EntityJson['attrs'] = {
    issuer: caller.issuer,
    clientId: caller.clientId,
    kind: caller.kind,
    groups,
    roles: [...new Set(caller.roles ?? [])],
  }
  if (typeof caller.department === 'string' && caller.department !== '') attrs.team = caller.department
  return {
    uid: { type: callerType[caller.kind], id: `${caller.issuer} ${caller.subject}` },
    attrs,
    parents: groups.map((id) => ({ type: 'Group', id })),
  }
}

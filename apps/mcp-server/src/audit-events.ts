import type { AuditEvent } from '@mcp-identity/audit-log'
import type { RefusedTokenFacts, VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { RequestContext } from './request-context.ts'

type CallerMembers = Pick<
  AuditEvent,
  | 'issuer'
  | 'identityProvider'
  | 'subject'
  | 'clientId'
  | 'tokenId'
  | 'sessionId'
  | 'callerKind'
  | 'email'
  | 'name'
  | 'department'
  | 'actors'
>

/** A verified token is one object for all calls with it. */
const described = new WeakMap<VerifiedAccessToken, CallerMembers>()

/** Who called, from a verified token. */
export function callerMembers(token: VerifiedAccessToken): CallerMembers {
  const known = described.get(token)
  if (known !== undefined) return known
  const members = describeCaller(token)
  described.set(token, members)
  return members
}

function describeCaller(token: VerifiedAccessToken): CallerMembers {
  const { caller, claims } = token
  return present({
    issuer: token.issuer,
    identityProvider: typeof claims.idp === 'string' ? claims.idp : undefined,
    subject: token.subject,
    clientId: token.clientId,
    tokenId: token.tokenId,
    sessionId: token.sessionId,
    callerKind: caller.kind,
    email: caller.email,
    name: caller.name,
    department: caller.department,
    actors:
      caller.actors.length === 0
        ? undefined
        : caller.actors.map(({ subject, clientId }) => subject ?? clientId ?? 'unknown'),
  })
}

/** Who called, as far as a refused token says: only tokens whose signature was right have facts. */
export function refusedCallerMembers(facts: RefusedTokenFacts): CallerMembers {
  return present({ ...facts })
}

/** Which request an event belongs to. */
export function requestMembers({ requestId, traceparent, protocolEra }: RequestContext): Partial<AuditEvent> {
  return {
    requestId,
    ...(traceparent !== undefined && { traceparent }),
    ...(protocolEra !== undefined && { protocolEra }),
  }
}

/** Leaves out what is undefined: records hold what is known. */
export function present<Members extends object>(
  members: Members,
): { [Name in keyof Members]: Exclude<Members[Name], undefined> } {
  const known: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(members)) if (value !== undefined) known[name] = value
  return known as never
}

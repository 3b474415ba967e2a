import { isObject, isStrings, readString } from './claim-values.ts'
import type { Dialect } from './providers/issuer-profile.ts'
import { refuse } from './token-error.ts'
import type { Actor, Caller, Claims } from './verified-access-token.ts'

/** Longest chain of actors that is read. */
const maxActors = 8

/**
 * Says who is calling, in one form for every provider.
 *
 * @param audiences Those of this resource server.
 * @param groups Default: what the token says.
 * @throws {TokenError} `claim_invalid` when groups, roles or the chain of actors are malformed.
 */
export function readCaller(
  claims: Claims,
  dialect: Dialect,
  audiences: readonly string[],
  groups = readGroups(claims, dialect),
): Caller {
  const actors = readActors(claims.act)
  return {
    kind: kindOf(claims, dialect, actors),
    email: readString(claims, dialect.email),
    name: readString(claims, dialect.name),
    department: readString(claims, dialect.department),
    groups,
    roles: dialect.roles(claims, audiences),
    tenant: readString(claims, dialect.tenant),
    actors,
  }
}

function kindOf(claims: Claims, { isService, isAgent }: Dialect, actors: readonly Actor[]): Caller['kind'] {
  if (actors.length > 0 || isAgent?.(claims) === true) return 'agent'
  return isService(claims) ? 'service' : 'person'
}

function readGroups(
  claims: Claims,
  { groups: { claim, whenAbsent, isIncomplete } }: Dialect,
): readonly string[] | undefined {
  if (isIncomplete?.(claims) === true) return undefined
  const groups = claims[claim]
  if (groups === undefined) return whenAbsent === 'none' ? [] : undefined
  if (typeof groups === 'string') return [groups]
  return isStrings(groups) ? groups : refuse('claim_invalid', `"${claim}" must be a list of strings`)
}

/** Unfolds `act` (RFC 8693 section 4.1), the current actor first. */
function readActors(act: unknown): readonly Actor[] {
  const actors: Actor[] = []
  for (let next = act; next !== undefined; next = next.act) {
    if (!isObject(next) || actors.length === maxActors)
      refuse('claim_invalid', `"act" must be at most ${maxActors} objects, nested`)
    const actor = {
      subject: readString(next, ['sub']),
      issuer: readString(next, ['iss']),
      clientId: readString(next, ['client_id']),
    }
    if (actor.subject === undefined && actor.clientId === undefined) refuse('claim_invalid', '"act" must say who acts')
    actors.push(actor)
  }
  return actors
}

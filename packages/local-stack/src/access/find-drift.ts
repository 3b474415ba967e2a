import { findGroupDrift, type GroupDrift, includedScopes, loadPolicies } from '@mcp-identity/policy'
import type { AccessReview } from '@mcp-identity/policy/access-review'

/** Where the directory, the realm and the policies disagree, and what nobody or everybody reaches. */
export interface Drift {
  /** Of groups: see `findGroupDrift`. */
  groups: GroupDrift[]
  /** Roles that an account has without a group: no change of a group ends them. */
  directRoles: { account: string; roles: string[] }[]
  /** A scope whose role has another name, or that no role guards: anybody could be granted it. */
  scopes: { scope: string; problem: string }[]
  reachedByNobody: string[]
  reachedByEverybody: string[]
}

/** The part of a realm's export that drift is looked for in. */
export interface ExportedRealm {
  groups?: { name?: string; clientRoles?: Record<string, string[]>; realmRoles?: string[] }[]
  clientScopeMappings?: Record<string, { clientScope?: string; roles?: string[] }[]>
}

export interface DriftSources {
  review: AccessReview
  realm: ExportedRealm
  /** Groups that the corporate directory has. */
  directory: string[]
  policyDirectory?: string | undefined
}

/** Group of everyone: it lets people in and grants no tool. */
const everyone = 'All Staff'

/** Compares what the directory, the realm and the policies say; nothing is changed. */
export function findDrift({ review, realm, directory, policyDirectory }: DriftSources): Drift {
  const engine = loadPolicies(policyDirectory === undefined ? {} : { directory: policyDirectory })
  const mapped = (realm.groups ?? []).map(({ name = '', clientRoles = {} }) => [
    name,
    clientRoles[review.resource] ?? [],
  ])
  const { tools, scopeHierarchy } = engine.schema.model
  const scopes = new Set(Object.values(tools).flatMap((tool) => tool.scopes))
  const guards = new Map(
    (realm.clientScopeMappings?.[review.resource] ?? []).map(({ clientScope = '', roles = [] }) => [
      clientScope,
      roles,
    ]),
  )
  return {
    groups: findGroupDrift(engine, { directory, realm: Object.fromEntries(mapped), grantingNothing: [everyone] }),
    directRoles: review.accounts
      .filter(({ kind }) => kind === 'person')
      .map(({ username, roles, groups }) => ({ account: username, roles: rolesWithoutGroup(roles, groups, review) }))
      .filter(({ roles }) => roles.length > 0),
    scopes: [...scopes].flatMap((scope) => {
      const roles = guards.get(scope) ?? []
      if (roles.length === 0) return [{ scope, problem: 'no role guards it: everybody can be granted it' }]
      const reaching = roles.filter((role) => !includedScopes([role], scopeHierarchy).has(scope))
      return reaching.length === 0
        ? []
        : [{ scope, problem: `guarded by ${reaching.join(', ')}, which do not include it` }]
    }),
    reachedByNobody: review.reachedByNobody,
    reachedByEverybody: review.reachedByEverybody,
  }
}

function rolesWithoutGroup(roles: readonly string[], groups: readonly string[], review: AccessReview): string[] {
  const given = new Set(review.groups.filter(({ name }) => groups.includes(name)).flatMap((group) => group.roles))
  return roles.filter((role) => !given.has(role))
}

import type { PolicyEngine } from './policy-engine.ts'
import { includedScopes } from './scope-hierarchy.ts'

/** Where groups are written down; each place has a different owner. */
export interface GroupSources {
  /** Groups that the corporate directory has. */
  directory: Iterable<string>
  /** Group to roles, as the realm maps them. */
  realm: Readonly<Record<string, readonly string[]>>
  /** Groups that grant nothing on purpose, as `All Staff`. */
  grantingNothing?: Iterable<string>
}

/** A disagreement between the directory, the realm and the policies. */
export interface GroupDrift {
  group: string
  problem:
    | 'named by a policy, but not in the directory'
    | 'mapped by the realm, but not in the directory'
    | 'named by a policy, but the realm gives it no role'
    | 'given roles by the realm, but no policy names it'
    | 'in the directory, but it grants nothing'
    | 'permitted a tool by a policy, but its roles do not reach the scope'
  /** The tool or policy in question. */
  detail?: string
}

/**
 * Compares the three places where groups are written down. Nothing found means that every group of the directory
 * does what it seems to do, and that no policy or mapping waits for a group that may come to exist by accident.
 */
export function findGroupDrift(engine: PolicyEngine, sources: GroupSources): GroupDrift[] {
  const directory = new Set(sources.directory)
  const nothing = new Set(sources.grantingNothing ?? [])
  const mapped = new Map(Object.entries(sources.realm).filter(([, roles]) => roles.length > 0))
  const named = groupsOfPolicies(engine)
  const drift: GroupDrift[] = []
  for (const [group, policies] of named) {
    const detail = [...policies].join(', ')
    if (!directory.has(group)) drift.push({ group, problem: 'named by a policy, but not in the directory', detail })
    if (!mapped.has(group)) drift.push({ group, problem: 'named by a policy, but the realm gives it no role', detail })
  }
  for (const [group, roles] of mapped) {
    const detail = roles.join(', ')
    if (!directory.has(group)) drift.push({ group, problem: 'mapped by the realm, but not in the directory', detail })
    if (!named.has(group)) drift.push({ group, problem: 'given roles by the realm, but no policy names it', detail })
    else drift.push(...unreachedTools(engine, group, roles))
  }
  for (const group of directory) {
    if (!named.has(group) && !mapped.has(group) && !nothing.has(group))
      drift.push({ group, problem: 'in the directory, but it grants nothing' })
  }
  return drift
}

function groupsOfPolicies(engine: PolicyEngine): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const { name, json } of engine.policies.values()) {
    for (const match of JSON.stringify(json).matchAll(/"type":"Group","id":("(?:[^"\\]|\\.)*")/g)) {
      const group = JSON.parse(match[1] ?? '""') as string
      found.set(group, (found.get(group) ?? new Set()).add(name))
    }
  }
  return found
}

/** Tools that policies name for a group although its roles can never carry the scopes. */
function unreachedTools(engine: PolicyEngine, group: string, roles: readonly string[]): GroupDrift[] {
  const { tools, scopeHierarchy } = engine.schema.model
  const scopes = includedScopes(roles, scopeHierarchy)
  return [...engine.policies.values()].flatMap(({ name, effect, json }): GroupDrift[] => {
    const constraint = json.action
    const single = constraint.op === '==' && 'entity' in constraint ? constraint.entity : undefined
    const tool = single === undefined ? undefined : '__entity' in single ? single.__entity.id : single.id
    if (effect !== 'permit' || tool === undefined || !JSON.stringify(json.principal).includes(JSON.stringify(group)))
      return []
    const missing = tools[tool]?.scopes.filter((scope) => !scopes.has(scope)) ?? []
    const detail = `${name}: ${tool} takes ${missing.join(', ')}`
    return missing.length === 0
      ? []
      : [{ group, problem: 'permitted a tool by a policy, but its roles do not reach the scope', detail }]
  })
}

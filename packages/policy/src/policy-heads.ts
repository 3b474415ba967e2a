import type { EntityUidJson, PolicyJson, PrincipalConstraint } from '@cedar-policy/cedar-wasm/nodejs'
import type { Policy } from './policy-set.ts'

/** What the first line of a policy is matched against. */
export interface HeadFacts {
  /** `Person`, `Service` or `Agent`. */
  callerType: string
  groups: ReadonlySet<string>
  /** Nobody knows the caller's groups: none of them gives anything, any of them may forbid. */
  groupsUnknown: boolean
  /** The tool's name and the groups of tools it is in. */
  actions: ReadonlySet<string>
}

/**
 * Whether a policy's head can speak of this caller and this tool. Its conditions and the record are not looked at.
 * A head that names a single caller always can.
 */
export function headMatches({ json, effect }: Policy, facts: HeadFacts): boolean {
  if (!actionMatches(json.action, facts.actions)) return false
  if (!facts.groupsUnknown) return principalMatches(json.principal, facts)
  if (effect === 'forbid') return principalMatches(json.principal, facts, () => true)
  return principalMatches(json.principal, facts) && !namesGroup(json.conditions)
}

/** Whether conditions ask for a group, which cannot be answered for a caller whose groups are unknown. */
export function namesGroup(conditions: PolicyJson['conditions']): boolean {
  return JSON.stringify(conditions).includes('"type":"Group"')
}

/** The policy without what {@link headMatches} answers for good: the action, and groups and types of callers. */
export function withoutMatchedHead(json: PolicyJson): PolicyJson {
  const { principal } = json
  const isOpen =
    principal.op === '==' ||
    (principal.op === 'in' && !isGroup(principal)) ||
    (principal.op === 'is' && !isGroup(principal.in))
  return { ...json, action: { op: 'All' }, principal: isOpen ? principal : { op: 'All' } }
}

/** Nothing at all, or a group that is written out. */
function isGroup(container: { entity: EntityUidJson } | { slot: string } | undefined): boolean {
  return container === undefined || ('entity' in container && uid(container.entity).type === 'Group')
}

/** Groups whose members a policy permits to use a tool, under conditions perhaps. */
export function groupsPermitted(policies: Iterable<Policy>, actions: ReadonlySet<string>): string[] {
  const groups = new Set<string>()
  for (const { effect, json } of policies) {
    if (effect !== 'permit' || !actionMatches(json.action, actions)) continue
    if (json.principal.op === 'in' && 'entity' in json.principal) groups.add(uid(json.principal.entity).id)
  }
  return [...groups].sort()
}

function principalMatches(
  constraint: PrincipalConstraint,
  { callerType, groups }: HeadFacts,
  isMember: (group: string) => boolean = (group) => groups.has(group),
): boolean {
  const isIn = (entity: EntityUidJson) => uid(entity).type !== 'Group' || isMember(uid(entity).id)
  if (constraint.op === 'is') {
    const container = constraint.in
    const inside = container === undefined || !('entity' in container) || isIn(container.entity)
    return constraint.entity_type === callerType && inside
  }
  return constraint.op === 'in' && 'entity' in constraint ? isIn(constraint.entity) : true
}

function actionMatches(constraint: PolicyJson['action'], actions: ReadonlySet<string>): boolean {
  if (constraint.op === 'All') return true
  if (constraint.op === '==') return !('entity' in constraint) || actions.has(uid(constraint.entity).id)
  const entities = 'entities' in constraint ? constraint.entities : [constraint.entity]
  return entities.some((entity) => actions.has(uid(entity).id))
}

function uid(entity: EntityUidJson): { type: string; id: string } {
  return '__entity' in entity ? entity.__entity : entity
}

import type { EntityJson, EntityUidJson, PolicyJson, PrincipalConstraint } from '@cedar-policy/cedar-wasm/nodejs'
import type { Policy } from './policy-set.ts'

/** Whether a policy's first line speaks of this caller and this tool; its conditions are not looked at. */
export function headMatches(policy: Policy, caller: EntityJson, actions: ReadonlySet<string>): boolean {
  return principalMatches(policy.json.principal, caller) && actionMatches(policy.json.action, actions)
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

function principalMatches(constraint: PrincipalConstraint, caller: EntityJson): boolean {
  const own = uid(caller.uid)
  const isIn = (entity: EntityUidJson) => [own, ...caller.parents.map(uid)].some((each) => same(each, uid(entity)))
  if (constraint.op === 'All') return true
  if (constraint.op === 'is') {
    const container = constraint.in
    return (
      constraint.entity_type === own.type &&
      (container === undefined || ('entity' in container && isIn(container.entity)))
    )
  }
  if (!('entity' in constraint)) return false
  return constraint.op === '==' ? same(own, uid(constraint.entity)) : isIn(constraint.entity)
}

/** `actions` holds the tool and every group of tools that it is in. */
function actionMatches(constraint: PolicyJson['action'], actions: ReadonlySet<string>): boolean {
  if (constraint.op === 'All') return true
  if (constraint.op === '==') return 'entity' in constraint && actions.has(uid(constraint.entity).id)
  const entities = 'entities' in constraint ? constraint.entities : [constraint.entity]
  return entities.some((entity) => actions.has(uid(entity).id))
}

function uid(entity: EntityUidJson): { type: string; id: string } {
  return '__entity' in entity ? entity.__entity : entity
}

function same(a: { type: string; id: string }, b: { type: string; id: string }): boolean {
  return a.type === b.type && a.id === b.id
}

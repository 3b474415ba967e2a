import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Policy } from './policy-set.ts'

/** What a set of policies can tell apart about one variable. */
interface Seen {
  attributes: Set<string>
  /** A policy compares the entity itself, so two with equal attributes may be decided differently. */
  identity: boolean
}

/**
 * Everything about a request that a set of policies asks for. Two requests that agree in all of it get the same
 * decision, which is what makes it safe to remember decisions; and nothing else has to be handed to Cedar.
 */
export interface Visibility {
  principal: Seen & { groups: ReadonlySet<string> }
  resource: Seen
  context: ReadonlySet<string>
  /** A condition asks for the action; heads are another matter. */
  action: boolean
}

type Variable = 'principal' | 'resource' | 'context' | 'action'

/** Reads from the policies' syntax trees what they ask for; whatever is not understood counts as seen. */
export function visibleTo(policies: readonly Pick<Policy, 'json'>[]): Visibility {
  const seen = { principal: emptySeen(), resource: emptySeen(), context: emptySeen(), action: emptySeen() }
  for (const { json } of policies) {
    noteHead(json, seen)
    for (const { body } of json.conditions) noteExpression(body, seen)
  }
  const groups = new Set<string>()
  for (const { json } of policies) noteGroups(json, groups)
  return {
    principal: { ...seen.principal, groups },
    resource: seen.resource,
    context: seen.context.attributes,
    action: seen.action.identity,
  }
}

function emptySeen(): Seen {
  return { attributes: new Set(), identity: false }
}

/** Groups and types are always part of what is seen; a single entity in the head makes identity count. */
function noteHead({ principal, resource }: PolicyJson, seen: Record<Variable, Seen>): void {
  for (const [variable, constraint] of [['principal', principal] as const, ['resource', resource] as const]) {
    if (constraint.op === '==') seen[variable].identity = true
    if (constraint.op === 'in' && variable === 'resource') seen[variable].identity = true
  }
}

function noteExpression(expr: unknown, seen: Record<Variable, Seen>): void {
  if (typeof expr !== 'object' || expr === null) return
  for (const [operator, value] of Object.entries(expr)) {
    if (operator === 'Var') seen[value as Variable].identity = true
    else if (operator === '.' || operator === 'has') noteAccess(value as { left: Expr; attr: unknown }, seen)
    else if (operator === 'is') noteIs(value as { left: Expr; in?: Expr }, seen)
    else noteExpression(value, seen)
  }
}

function noteAccess({ left, attr }: { left: Expr; attr: unknown }, seen: Record<Variable, Seen>): void {
  const variable = variableOf(left)
  const first = Array.isArray(attr) ? attr[0] : attr
  if (variable === undefined) noteExpression(left, seen)
  else seen[variable].attributes.add(String(first))
}

function noteIs({ left, in: container }: { left: Expr; in?: Expr }, seen: Record<Variable, Seen>): void {
  if (container !== undefined || variableOf(left) === undefined) noteExpression([left, container], seen)
}

function variableOf(expr: Expr): Variable | undefined {
  return (expr as { Var?: Variable }).Var
}

/** Every entity of type Group that is written anywhere in a policy. */
function noteGroups(part: unknown, groups: Set<string>): void {
  if (typeof part !== 'object' || part === null) return
  const { type, id } = part as { type?: unknown; id?: unknown }
  if (type === 'Group' && typeof id === 'string') groups.add(id)
  for (const member of Object.values(part)) noteGroups(member, groups)
}

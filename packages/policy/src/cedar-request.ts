import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import { scalarInputs } from './build-schema.ts'
import type { BusinessHours } from './business-hours.ts'
import { callerEntity, type PolicyCaller } from './caller.ts'
import type { PolicyContext, PolicyResource } from './decision.ts'
import type { AttributeType, PolicyModel } from './policy-model.ts'
import type { PolicySlice } from './policy-slice.ts'
import { createCallerMemory } from './remembered.ts'
import { includedScopes } from './scope-hierarchy.ts'

/** A call in Cedar's terms, holding only what the policies can see. */
export interface CedarRequest {
  principal: EntityJson
  action: { type: string; id: string }
  slice: PolicySlice
  entities: EntityJson[]
  context: Record<string, CedarValueJson>
  businessHours: boolean
  /** Equal for calls that the policies cannot tell apart, records aside. */
  key: string
}

interface BuilderParts {
  model: PolicyModel
  hours: BusinessHours
  clock: () => number
  slice: (caller: PolicyCaller, tool: string) => PolicySlice
}

/** What a call has by its caller and tool alone. */
interface Caller {
  action: CedarRequest['action']
  slice: PolicySlice
  principal: EntityJson
  entities: EntityJson[]
  /** Scopes, for policies that see them. */
  scopes: CedarValueJson
  /** The beginning of the key. */
  key: string
}

/** Makes the function that puts calls into Cedar's terms. */
export function createRequestBuilder({ model, hours, clock, slice: findSlice }: BuilderParts) {
  const actions = new Map(Object.entries(model.tools).map(([name, { groups }]) => [name, actionOf(name, groups ?? [])]))
  const inputs = new Map(Object.entries(model.tools).map(([name, { input }]) => [name, scalarInputs(input)]))
  const members: Readonly<Record<string, (input: MemberInput) => CedarValueJson>> = {
    businessHours: ({ businessHours }) => businessHours,
    scopes: ({ described }) => described.scopes,
    arguments: ({ tool, context }) => scalarArguments(inputs.get(tool), context.arguments),
    approved: ({ context }) => context.approved === true,
    breakGlass: ({ context }) => context.breakGlass === true,
  }
  const describeOnce = createCallerMemory(describe)

  function describe(caller: PolicyCaller, tool: string): Caller {
    const action = actions.get(tool)
    if (action === undefined) throw new TypeError(`no such tool: ${tool}`)
    const slice = findSlice(caller, tool)
    const principal = callerEntity(caller, slice.visibility.principal)
    return {
      action: action.uid,
      slice,
      principal,
      entities: [
        ...(hasContent(principal) ? [principal] : []),
        ...(slice.visibility.action && hasContent(action.entity) ? [action.entity] : []),
      ],
      scopes: [...includedScopes(caller.scopes ?? [], model.scopeHierarchy)].sort(),
      key: JSON.stringify([slice.preparedId, tool, principal.uid, principal.attrs, principal.parents]),
    }
  }

  return (tool: string, caller: PolicyCaller, context: PolicyContext): CedarRequest => {
    const described = describeOnce(caller, tool)
    const { action, slice, principal, entities } = described
    const businessHours = hours.at(caller, context.at ?? clock()).open
    const input = { tool, described, context, businessHours }
    const shown: Record<string, CedarValueJson> = {}
    for (const name of slice.visibility.context) shown[name] = members[name]?.(input) ?? null
    return {
      principal,
      slice,
      action,
      entities,
      context: shown,
      businessHours,
      key: `${described.key}${JSON.stringify(shown)}`,
    }
  }
}

/** An entity without attributes and parents need not be described. */
function hasContent({ attrs, parents }: EntityJson): boolean {
  return parents.length > 0 || Object.keys(attrs).length > 0
}

interface MemberInput {
  tool: string
  described: Caller
  context: PolicyContext
  businessHours: boolean
}

function actionOf(name: string, groups: readonly string[]) {
  const uid = { type: 'Action', id: name }
  const entity: EntityJson = { uid, attrs: {}, parents: groups.map((id) => ({ type: 'Action', id })) }
  return { uid, entity }
}

/**
 * A record as a Cedar entity, with the attributes that policies can see.
 *
 * @throws {TypeError} An attribute has another type than the model says, or is missing and not optional. A missing
 * classification must not make a record unclassified.
 */
export function resourceEntity(resource: PolicyResource, model: PolicyModel, { visibility }: PolicySlice): EntityJson {
  const attrs: EntityJson['attrs'] = {}
  const described = Object.hasOwn(model.resourceTypes, resource.type) ? model.resourceTypes[resource.type] : undefined
  for (const [name, { type, always, optional }] of Object.entries(described?.attributes ?? {})) {
    if (!visibility.resource.attributes.has(name)) continue
    const value = always ?? (Object.hasOwn(resource, name) ? resource[name] : undefined)
    if (optional === true && (value === undefined || value === null)) continue
    if (!hasType(value, type)) throw new TypeError(`${resource.type}.${name} must be a ${type}`)
    attrs[name] = value as CedarValueJson
  }
  const id = visibility.resource.identity ? resource.id : ''
  return { uid: { type: resource.type, id }, attrs, parents: [] }
}

/** Attributes without which a record of a type is refused: the required ones that the policies can see. */
export function requiredAttributes(type: string, model: PolicyModel, { visibility }: PolicySlice): string[] {
  return Object.entries(model.resourceTypes[type]?.attributes ?? {}).flatMap(([name, { optional, always }]) =>
    optional === true || always !== undefined || !visibility.resource.attributes.has(name) ? [] : [name],
  )
}

function scalarArguments(
  types: ReadonlyMap<string, AttributeType> | undefined,
  given: Readonly<Record<string, unknown>> | undefined,
): Record<string, CedarValueJson> {
  const found: Record<string, CedarValueJson> = {}
  if (types === undefined || given === undefined) return found
  for (const [name, type] of types) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (hasType(value, type)) found[name] = value as CedarValueJson
  }
  return found
}

function hasType(value: unknown, type: AttributeType): boolean {
  return type === 'long' ? Number.isSafeInteger(value) : typeof value === type
}

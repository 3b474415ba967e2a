import type { EntityType, NamespaceDefinition, SchemaJson, TypeOfAttribute } from '@cedar-policy/cedar-wasm/nodejs'
import {
  type AttributeType,
  type InputSchema,
  type PolicyModel,
  seeField,
  type ToolDescription,
} from './policy-model.ts'

/** A policy model together with the Cedar schema that was built from it. */
export interface PolicySchema {
  model: PolicyModel
  cedar: SchemaJson<string>
}

const callerTypes = ['Person', 'Service', 'Agent']
const cedarTypes: Record<AttributeType, TypeOfAttribute<string>> = {
  string: { type: 'String' },
  long: { type: 'Long' },
  boolean: { type: 'Boolean' },
}
const jsonSchemaTypes: Readonly<Record<string, AttributeType>> = {
  string: 'string',
  integer: 'long',
  boolean: 'boolean',
}

/**
 * Builds the Cedar schema from the tools, their inputs and the types of record they act on.
 *
 * Callers are `Person`, `Service` or `Agent`, members of `Group`. Each tool is an action; each name in a tool's
 * `groups` is an action that it is a member of. The context holds `businessHours`, `scopes`, `arguments` (the scalar
 * members of the tool's input, all optional), `approved` and `breakGlass`.
 *
 * The action "see field" on a `Field` is added, see `maskFields`.
 *
 * @throws {TypeError} A tool names a type of record that the model does not describe, or a name is used twice.
 */
export function buildSchema(model: PolicyModel): PolicySchema {
  checkModel(model)
  const withFields = addFields(model)
  const entityTypes: Record<string, EntityType<string>> = {
    Group: {},
    ...Object.fromEntries(callerTypes.map((name) => [name, { memberOfTypes: ['Group'], shape: callerShape }])),
    ...Object.fromEntries(Object.entries(withFields.resourceTypes).map(([name, type]) => [name, resourceShape(type)])),
  }
  return { model: withFields, cedar: { '': { entityTypes, actions: actions(withFields) } } }
}

/** Fields of records are decided about like records: by the action "see field" on a `Field`. */
function addFields(model: PolicyModel): PolicyModel {
  return {
    ...model,
    resourceTypes: { ...model.resourceTypes, Field: { attributes: { classification: { type: 'string' } } } },
    tools: { ...model.tools, [seeField]: { scopes: [], resourceType: 'Field' } },
  }
}

const callerShape = record({
  issuer: { type: 'String' },
  clientId: { type: 'String' },
  kind: { type: 'String' },
  team: { type: 'String', required: false },
  hasGroups: { type: 'Boolean' },
  roles: { type: 'Set', element: { type: 'String' } },
})

function record(attributes: Record<string, TypeOfAttribute<string>>) {
  return { type: 'Record' as const, attributes }
}

function resourceShape(type: PolicyModel['resourceTypes'][string]): EntityType<string> {
  const attributes = Object.entries(type.attributes).map(
    ([name, { type, optional }]) => [name, { ...cedarTypes[type], required: optional !== true }] as const,
  )
  return { shape: record(Object.fromEntries(attributes)) }
}

function actions(model: PolicyModel): NamespaceDefinition<string>['actions'] {
  const groups = new Set(Object.values(model.tools).flatMap((tool) => tool.groups ?? []))
  return {
    ...Object.fromEntries([...groups].map((name) => [name, {}])),
    ...Object.fromEntries(Object.entries(model.tools).map(([name, tool]) => [name, action(tool)])),
  }
}

function action(tool: ToolDescription): NamespaceDefinition<string>['actions'][string] {
  return {
    memberOf: (tool.groups ?? []).map((id) => ({ id })),
    appliesTo: {
      principalTypes: callerTypes,
      resourceTypes: [tool.resourceType],
      context: record({
        businessHours: { type: 'Boolean' },
        scopes: { type: 'Set', element: { type: 'String' } },
        arguments: record(inputAttributes(tool.input)),
        approved: { type: 'Boolean' },
        breakGlass: { type: 'Boolean' },
      }),
    },
  }
}

/** The scalar members of a tool's input, by name. */
export function scalarInputs(input: InputSchema | undefined): Map<string, AttributeType> {
  const found = new Map<string, AttributeType>()
  for (const [name, member] of Object.entries(input?.properties ?? {})) {
    const type = jsonSchemaTypes[String((member as { type?: unknown } | undefined)?.type)]
    if (type !== undefined) found.set(name, type)
  }
  return found
}

function inputAttributes(input: InputSchema | undefined): Record<string, TypeOfAttribute<string>> {
  const members = [...scalarInputs(input)].map(([name, type]) => [name, { ...cedarTypes[type], required: false }])
  return Object.fromEntries(members)
}

function checkModel(model: PolicyModel): void {
  for (const [name, tool] of Object.entries(model.tools)) {
    if (!Object.hasOwn(model.resourceTypes, tool.resourceType)) {
      throw new TypeError(`tool ${name} acts on ${tool.resourceType}, which the model does not describe`)
    }
    for (const group of tool.groups ?? []) {
      if (Object.hasOwn(model.tools, group)) throw new TypeError(`"${group}" is both a tool and a group of tools`)
    }
  }
  const taken = ['Group', 'Field', ...callerTypes].find((name) => Object.hasOwn(model.resourceTypes, name))
  if (taken !== undefined) throw new TypeError(`"${taken}" has a meaning of its own and cannot be a type of record`)
}

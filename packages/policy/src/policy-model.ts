/** What a record's attribute holds. Cedar's Long is a whole number. */
export type AttributeType = 'string' | 'long' | 'boolean'

export interface AttributeDescription {
  type: AttributeType
  /** The attribute may be absent; policies must then ask `resource has …` first. Default false. */
  optional?: boolean
  /** Every record of the type has this value, so policies about it are decided without looking at a record. */
  always?: string | number | boolean
}

/** A kind of record that tools act on: its name in policies, and the attributes that policies may ask for. */
export interface ResourceDescription {
  attributes: Readonly<Record<string, AttributeDescription>>
  /** Classification of single fields, for masking: field name to `financial`, `personal`, …. Others are ordinary. */
  fields?: Readonly<Record<string, string>>
}

/** The part of JSON Schema that becomes visible to policies: scalar members of an object. Others are left out. */
export interface InputSchema {
  type?: unknown
  properties?: Readonly<Record<string, unknown>>
  required?: readonly string[]
}

/** A tool as policies see it: an action on one type of record. */
export interface ToolDescription {
  /** Scopes of which the caller needs every one. */
  scopes: readonly string[]
  resourceType: string
  /** Names under which policies speak of several tools at once, as `Action::"read customers"`. */
  groups?: readonly string[]
  /** JSON Schema of the tool's input; its scalar members are `context.arguments` in policies. */
  input?: InputSchema
  /** A second person has to approve each call (four eyes). Default false. */
  needsApproval?: boolean
}

/** Everything that policies can speak of. The Cedar schema is built from it, see {@link buildSchema}. */
export interface PolicyModel {
  tools: Readonly<Record<string, ToolDescription>>
  resourceTypes: Readonly<Record<string, ResourceDescription>>
  /** Scope to the scopes that it includes. */
  scopeHierarchy: Readonly<Record<string, readonly string[]>>
}

/** The action under which policies decide about the fields of a record; its resource is a `Field`. */
export const seeField = 'see field'

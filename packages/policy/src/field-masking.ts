import type { PolicyCaller } from './caller.ts'
import type { PolicyContext, PolicyDecision } from './decision.ts'
import type { PolicyModel } from './policy-model.ts'

export interface MaskRequest<Row> {
  caller: PolicyCaller
  resourceType: string
  row: Row
  context?: PolicyContext
}

export interface MaskedRow<Row> {
  /** The row without the fields that the caller may not see. */
  row: Partial<Row>
  /** Names of the fields that were left out. */
  masked: string[]
}

/**
 * Leaves out the fields of a record that the caller may not see.
 *
 * The model classifies fields; each classification is decided once by the policies, as the action "see field" on a
 * `Field` of that classification. Fields without one are ordinary and stay.
 */
export function maskFields<Row extends object>(
  { caller, resourceType, row, context = {} }: MaskRequest<Row>,
  model: PolicyModel,
  decideField: (caller: PolicyCaller, classification: string, context: PolicyContext) => PolicyDecision,
): MaskedRow<Row> {
  const described = Object.hasOwn(model.resourceTypes, resourceType) ? model.resourceTypes[resourceType] : undefined
  if (described === undefined) throw new TypeError(`the model does not describe ${resourceType}`)
  const hidden = new Map<string, boolean>()
  const masked: string[] = []
  const shown = Object.entries(row).filter(([field]) => {
    const classification = Object.hasOwn(described.fields ?? {}, field) ? described.fields?.[field] : undefined
    if (classification === undefined) return true
    const isHidden = hidden.get(classification) ?? decideField(caller, classification, context).outcome === 'denied'
    hidden.set(classification, isHidden)
    if (isHidden) masked.push(field)
    return !isHidden
  })
  return { row: Object.fromEntries(shown) as Partial<Row>, masked }
}

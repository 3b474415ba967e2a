export { buildSchema, type PolicySchema } from './build-schema.ts'
export { type BusinessHours, type BusinessHoursAnswer, loadBusinessHours, type Workplace } from './business-hours.ts'
export type { PolicyCaller } from './caller.ts'
export { companyModel } from './company-model.ts'
export type {
  AllowedDecision,
  DenialReason,
  DeniedDecision,
  LayerVerdict,
  PolicyCall,
  PolicyContext,
  PolicyDecision,
  PolicyResource,
} from './decision.ts'
export {
  companyPoliciesDirectory,
  type LoadPoliciesOptions,
  loadPolicies,
  type PolicyEngine,
  type RowFilterRequest,
} from './policy-engine.ts'
export type {
  AttributeDescription,
  AttributeType,
  InputSchema,
  PolicyModel,
  ResourceDescription,
  ToolDescription,
} from './policy-model.ts'
export { type Policy, PolicySetError } from './policy-set.ts'
export { type RowFilter, type SqlOptions, type SqlValue, UnfilterablePolicyError } from './row-filter.ts'
export { includedScopes } from './scope-hierarchy.ts'

export {
  type Approval,
  ApprovalError,
  type ApprovalEvent,
  type ApprovalStore,
  type ApprovalSubject,
  type Approvals,
  type ApprovalsOptions,
  createApprovals,
  type StoredApproval,
} from './approvals.ts'
export {
  type BreakGlass,
  type BreakGlassOptions,
  createBreakGlass,
  type Emergency,
  type EmergencyStore,
} from './break-glass.ts'
export { buildSchema, type PolicySchema } from './build-schema.ts'
export { type BusinessHours, type BusinessHoursAnswer, loadBusinessHours, type Workplace } from './business-hours.ts'
export type { PolicyCaller } from './caller.ts'
export { companyModel } from './company-model.ts'
export type { RowFilterRequest } from './decider.ts'
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
export type { MaskedRow, MaskRequest } from './field-masking.ts'
export { findGroupDrift, type GroupDrift, type GroupSources } from './group-drift.ts'
export { type PeopleFile, readPeople } from './people.ts'
export {
  companyPoliciesDirectory,
  type LoadPoliciesOptions,
  loadPolicies,
  type PolicyEngine,
  type PolicyReload,
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
export { type PolicyTestReport, runPolicyTests } from './policy-tests.ts'
export { type AccessMatrix, accessMatrix, type Reach } from './reach.ts'
export { type RowFilter, type SqlOptions, type SqlValue, UnfilterablePolicyError } from './row-filter.ts'
export { includedScopes } from './scope-hierarchy.ts'
export type { PolicyStanding, WhatIf } from './what-if.ts'
export { type ShadowDifference, withShadow } from './with-shadow.ts'

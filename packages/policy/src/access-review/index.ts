export { campaignFiles, describeWhy, reviewFiles } from './evidence-files.ts'
export { type EvidenceKey, openEvidenceKey } from './evidence-key.ts'
export {
  type RealmAccess,
  type RealmAccessOptions,
  type RealmAccount,
  type RealmGroup,
  type RoleSource,
  readRealmAccess,
  type SeenRoles,
} from './realm-accounts.ts'
export { describeUser, type RealmUser, realmUser } from './realm-user.ts'
export {
  type AccessGrant,
  type AccessReview,
  type GrantReason,
  type ReviewAccessOptions,
  type ReviewedAccount,
  type ReviewedGroup,
  reviewAccess,
  type ToolUse,
} from './review-access.ts'
export type { CampaignItem, ReviewScope } from './review-scope.ts'
export {
  type Campaign,
  type CampaignSummary,
  type MarkedItem,
  type MarkRequest,
  openReviewStore,
  ReviewError,
  type Reviewer,
  type ReviewMark,
  type ReviewStore,
  type UseRecord,
} from './review-store.ts'
export { signEvidence } from './sign-evidence.ts'
export {
  type EvidenceStatement,
  type EvidenceVerification,
  type SignedEvidence,
  verifyEvidence,
} from './verify-evidence.ts'

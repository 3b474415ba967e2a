export { AuditLogError, AuditUnavailableError } from './audit-errors.ts'
export type { AuditEvent, AuditOutcome, AuditRecord } from './audit-event.ts'
export { type AuditLog, type AuditLogOptions, type LogRecovery, openAuditLog, queryAuditLog } from './audit-log.ts'
export type { DamagedLog, IntactLog } from './chain-check.ts'
export { digestArguments } from './digest-arguments.ts'
export { toCef } from './export/cef.ts'
export {
  type Delivery,
  type DeliveryOptions,
  fileSender,
  type HttpSenderOptions,
  httpSender,
  type Refusal,
  RefusedForGoodError,
  type RefusedRecords,
  startDelivery,
} from './export/delivery.ts'
export { type ExportFormat, exportFormats } from './export/formats.ts'
export { type OcsfEvent, toOcsf } from './export/ocsf.ts'
export { type OtlpLogRecord, toOtlpLogRecord } from './export/open-telemetry.ts'
export { humanLine } from './human-line.ts'
export { describeStore } from './open-store.ts'
export { pagesOfRecords } from './pages-of-records.ts'
export {
  type DataSubject,
  type Erasure,
  openPersonalDataVault,
  type PersonalDataVault,
} from './personal-data.ts'
export type { AuditQuery } from './query-log.ts'
export { proveRecord, type RecordClaim, verifyRecordProof } from './record-proof.ts'
export { statedOrigin } from './tile-folder.ts'
export {
  type AuditVerification,
  type VerifyOptions,
  verifyAuditLog,
} from './verify-audit-log.ts'
export {
  type ExportedLogVerification,
  type ExportVerification,
  type VerifyExportOptions,
  verifyExport,
} from './verify-export.ts'

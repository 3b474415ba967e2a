import type { AuditRecord } from '../audit-event.ts'
import { toCef } from './cef.ts'
import { toOcsf } from './ocsf.ts'
import { refusalInOtlpAnswer, toOtlpRequest } from './open-telemetry.ts'

/** How a batch of records is written, by name. */
export const exportFormats = {
  lines: {
    contentType: 'application/x-ndjson',
    body: (records: readonly AuditRecord[]) => linesOf(records, JSON.stringify),
  },
  ocsf: {
    contentType: 'application/x-ndjson',
    body: (records: readonly AuditRecord[]) => linesOf(records, (record) => JSON.stringify(toOcsf(record))),
  },
  cef: { contentType: 'text/plain', body: (records: readonly AuditRecord[]) => linesOf(records, toCef) },
  otlp: {
    contentType: 'application/json',
    body: (records: readonly AuditRecord[]) => `${JSON.stringify(toOtlpRequest(records))}\n`,
    refusalIn: refusalInOtlpAnswer,
  },
} as const
export type ExportFormat = keyof typeof exportFormats

function linesOf(records: readonly AuditRecord[], write: (record: AuditRecord) => string): string {
  return records.map((record) => `${write(record)}\n`).join('')
}

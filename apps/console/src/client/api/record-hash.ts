import type { AuditRecord } from './audit-record.ts'

/** `previous` of the first record of a log: 32 zero bytes in base64url. */
export const firstPrevious = 'A'.repeat(43)

/**
 * Computes a record's hash anew: SHA-256 of a zero byte and the record's bytes without its `hash`, which is the leaf
 * hash of RFC 6962. Members keep the order in which they arrived, so the bytes are those that were stored.
 */
export async function hashRecord(record: AuditRecord): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`\0{${recordMembers(record)}}`))
  return base64Url(new Uint8Array(digest))
}

/** The record as a line of the log, byte for byte, without the line feed. */
export function recordLine(record: AuditRecord): string {
  return `{"hash":"${record.hash}",${recordMembers(record)}}`
}

/** The same with the name of its log in front, as a line of an export: see `pnpm audit:export`. */
export function exportLine(record: AuditRecord): string {
  return `{"log":${JSON.stringify(record.log)},${recordLine(record).slice(1)}`
}

function recordMembers({ sequence, previous, event, storedEvent = event }: AuditRecord): string {
  return `"sequence":${sequence},"previous":"${previous}","event":${escapeUnsafe(JSON.stringify(storedEvent))}`
}

/** The log writes these as escapes, since terminals and line splitters do not take them as text. */
function escapeUnsafe(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

import type { AuditRecord } from '../../../api/audit-record.ts'

/** What spreadsheets compute, behind anything that they do not show; in full width too. */
const formula = /^[\s\p{Cc}\p{Cf}]*[=+\-@|%＋－＝＠]|^[\t\r]/u

/** Columns of the table, in their order, with what each holds of a record. */
const columns: Readonly<Record<string, (record: AuditRecord) => unknown>> = {
  log: ({ log }) => log,
  sequence: ({ sequence }) => sequence,
  time: ({ event }) => event.time,
  sentence: ({ line }) => line,
  outcome: ({ event }) => event.outcome,
  reason: ({ event }) => event.reason,
  times: ({ event }) => event.times ?? 1,
  phase: ({ event }) => event.phase,
  action: ({ event }) => event.action,
  tool: ({ event }) => event.tool,
  arguments: ({ event }) => event.readableArguments,
  policies: ({ event }) => event.policies?.join(' '),
  email: ({ event }) => event.email,
  name: ({ event }) => event.name,
  department: ({ event }) => event.department,
  caller: ({ event }) => event.callerKind,
  subject: ({ event }) => event.subject,
  client: ({ event }) => event.clientId,
  session: ({ event }) => event.sessionId,
  token: ({ event }) => event.tokenId,
  issuer: ({ event }) => event.issuer,
  durationMs: ({ event }) => event.durationMs,
  request: ({ event }) => event.requestId,
  previous: ({ previous }) => previous,
  hash: ({ hash }) => hash,
}

/** The first line: the names of the columns. */
export const csvHead = `${Object.keys(columns).map(csvCell).join(',')}\r\n`

export function csvLine(record: AuditRecord): string {
  const cells = Object.values(columns).map((read) => csvCell(read(record)))
  return `${cells.join(',')}\r\n`
}

/**
 * One cell (RFC 4180), always in quotes. Text that a spreadsheet would take for a formula gets an apostrophe in front,
 * which spreadsheets show as text (OWASP, CSV injection); numbers stay numbers.
 */
export function csvCell(value: unknown): string {
  if (value === undefined || value === null) return '""'
  if (typeof value === 'number') return `"${value}"`
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const harmless = formula.test(text) ? `'${text}` : text
  return `"${harmless.replaceAll('"', '""')}"`
}

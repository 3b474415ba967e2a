import type { AuditRecord } from '../audit-event.ts'
import { humanLine } from '../human-line.ts'

const severities = { allowed: 3, succeeded: 3, refused: 6, failed: 7 } as const

/**
 * Turns a record into a line of ArcSight's Common Event Format, version 0, without a syslog header.
 *
 * `externalId` is the record's number and `fileHash` its hash.
 */
export function toCef({ sequence, hash, event }: AuditRecord): string {
  const name = event.tool === undefined ? event.action : `${event.action} ${event.tool}`
  const header = [
    'CEF:0',
    'mcp-identity-stack',
    'MCP server',
    '1',
    `${event.phase}:${event.action}`,
    name,
    severities[event.outcome],
  ]
  const [first, ...rest] = header.map((field) => headerText(String(field)))
  const extension: Record<string, string | number | undefined> = {
    rt: Date.parse(event.time),
    externalId: sequence,
    fileHash: hash,
    cnt: event.times,
    act: event.tool ?? event.action,
    outcome: event.outcome,
    reason: event.reason,
    suid: event.subject,
    suser: event.email ?? event.name ?? event.clientId,
    requestClientApplication: event.clientId,
    cs1Label: event.department === undefined ? undefined : 'department',
    cs1: event.department,
    cs2Label: event.policies === undefined ? undefined : 'policies',
    cs2: event.policies?.join(' '),
    cs3Label: event.issuer === undefined ? undefined : 'issuer',
    cs3: event.issuer,
    cs4Label: event.argumentsDigest === undefined ? undefined : 'argumentsDigest',
    cs4: event.argumentsDigest,
    cs5Label: event.requestId === undefined ? undefined : 'requestId',
    cs5: event.requestId,
    msg: humanLine(event),
  }
  const members = Object.entries(extension).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${extensionText(String(value))}`],
  )
  return `${[first, ...rest].join('|')}|${members.join(' ')}`
}

function headerText(text: string): string {
  return text.replace(/[\\|]/g, '\\$&').replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

function extensionText(text: string): string {
  return text
    .replace(/[\\=]/g, '\\$&')
    .replace(/\r?\n/g, '\\n')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

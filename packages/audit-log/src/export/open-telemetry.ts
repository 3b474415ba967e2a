import type { AuditRecord } from '../audit-event.ts'
import { humanLine } from '../human-line.ts'

type Value =
  | { stringValue: string }
  | { intValue: string }
  | { doubleValue: number }
  | { arrayValue: { values: Value[] } }
interface Attribute {
  key: string
  value: Value
}

/** One log record of OpenTelemetry in OTLP/JSON. */
export interface OtlpLogRecord {
  timeUnixNano: string
  severityNumber: number
  severityText: string
  eventName: string
  body: Value
  attributes: Attribute[]
  traceId?: string
  spanId?: string
}

const severities = {
  allowed: [9, 'INFO'],
  succeeded: [9, 'INFO'],
  refused: [13, 'WARN'],
  failed: [17, 'ERROR'],
} as const
const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/

/** Turns a record into a log record: the body is the human line, members of the event are attributes. */
export function toOtlpLogRecord({ sequence, hash, event }: AuditRecord): OtlpLogRecord {
  const { time, traceparent, readableArguments, details, sealed: _sealed, ...members } = event
  const [severityNumber, severityText] = severities[event.outcome]
  const trace = traceparentPattern.exec(traceparent ?? '')
  const nested = Object.entries({ readableArguments, details }).flatMap(([name, value]) =>
    value === undefined ? [] : [attribute(`audit.${snakeCase(name)}`, JSON.stringify(value))],
  )
  return {
    timeUnixNano: `${BigInt(Date.parse(time)) * 1_000_000n}`,
    severityNumber,
    severityText,
    eventName: `mcp.audit.${event.phase}`,
    body: { stringValue: humanLine(event) },
    attributes: [
      attribute('audit.sequence', sequence),
      attribute('audit.hash', hash),
      ...Object.entries(members).flatMap(([name, value]) =>
        value === undefined ? [] : [attribute(`audit.${snakeCase(name)}`, value)],
      ),
      ...nested,
    ],
    ...(trace?.[1] !== undefined && trace[2] !== undefined && { traceId: trace[1], spanId: trace[2] }),
  }
}

/** Records as the body of one OTLP/HTTP request to `/v1/logs`. */
export function toOtlpRequest(records: readonly AuditRecord[], serviceName = 'mcp-server'): object {
  return {
    resourceLogs: [
      {
        resource: { attributes: [attribute('service.name', serviceName)] },
        scopeLogs: [{ scope: { name: '@mcp-identity/audit-log' }, logRecords: records.map(toOtlpLogRecord) }],
      },
    ],
  }
}

/**
 * What an answer of OTLP/HTTP says about log records that the receiver refused: `partialSuccess` of
 * `ExportLogsServiceResponse`. They must not be sent again. A message without refused records is a mere warning.
 */
export function refusalInOtlpAnswer(answer: string): { refused: number; reason: string } | undefined {
  let read: { partialSuccess?: { rejectedLogRecords?: unknown; errorMessage?: unknown } | null } | null
  try {
    read = JSON.parse(answer)
  } catch {
    // Nothing, or Protobuf: what is known is the status.
    return undefined
  }
  const { rejectedLogRecords, errorMessage } = read?.partialSuccess ?? {}
  const refused = Number(rejectedLogRecords ?? 0)
  if (!Number.isSafeInteger(refused) || refused <= 0) return undefined
  return { refused, reason: typeof errorMessage === 'string' ? errorMessage.slice(0, 1_000) : 'no reason was given' }
}

function attribute(key: string, value: string | number | readonly string[]): Attribute {
  return { key, value: anyValue(value) }
}

function anyValue(value: string | number | readonly string[]): Value {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  return { arrayValue: { values: value.map(anyValue) } }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

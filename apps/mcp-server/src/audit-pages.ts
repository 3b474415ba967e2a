import type { AuditQuery, AuditRecord } from '@mcp-identity/audit-log'
import { z } from 'zod'
import { present } from './audit-events.ts'
import type { AuditTrail } from './audit-trail.ts'

/** What `GET /audit` can be asked: filters, and from where on. */
export const auditPageParameters = z.strictObject({
  /** Only records after this one, the oldest first. */
  afterSequence: z.coerce.number().int().min(0).optional(),
  /** Only records before this one, the newest of them. */
  before: z.coerce.number().int().min(1).optional(),
  /** `cursor` of the page before: the same as `before`. */
  cursor: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  subject: z.string().max(255).optional(),
  tool: z.string().max(64).optional(),
  /** `security` stands for the events that are no calls. */
  outcome: z.enum(['allowed', 'refused', 'failed', 'succeeded', 'security']).optional(),
  text: z.string().max(200).optional(),
  requestId: z.string().max(64).optional(),
})

export type AuditPageParameters = z.output<typeof auditPageParameters>

export interface AuditPage {
  /** In ascending order of sequence. */
  records: AuditRecord[]
  /** Where the next older page begins; absent when this one reaches the beginning. */
  cursor?: string
  /** Where to go on for newer records. */
  nextAfterSequence: number
}

/** How many records one look back takes in, and how often a page looks back before it hands over what it has. */
const windowSize = 1_000
const mostWindows = 20

/** Reads one page: onward from a record, or back from the newest or from a given one. */
export async function readAuditPage(
  auditTrail: Pick<AuditTrail, 'query'>,
  parameters: AuditPageParameters,
): Promise<AuditPage> {
  const { afterSequence, before, cursor, limit } = parameters
  const filter = filterOf(parameters)
  if (afterSequence !== undefined) {
    const records = (await auditTrail.query({ ...filter.query, afterSequence, limit })).filter(filter.fits)
    return { records, nextAfterSequence: records.at(-1)?.sequence ?? afterSequence }
  }
  return readBack(auditTrail, filter, before ?? cursor ?? (await newestSequence(auditTrail)) + 1, limit)
}

async function readBack(
  auditTrail: Pick<AuditTrail, 'query'>,
  filter: Filter,
  before: number,
  limit: number,
): Promise<AuditPage> {
  let found: AuditRecord[] = []
  let end = before
  for (let window = 0; window < mostWindows && end > 1 && found.length < limit; window++) {
    const start = Math.max(0, end - 1 - windowSize)
    const last = end
    const records = await auditTrail.query({ ...filter.query, afterSequence: start, limit: windowSize })
    found = [...records.filter((record) => record.sequence < last && filter.fits(record)), ...found]
    end = start + 1
  }
  const records = found.slice(-limit)
  const oldest = found.length > limit ? (records[0]?.sequence ?? end) : end
  return {
    records,
    nextAfterSequence: records.at(-1)?.sequence ?? before - 1,
    ...(oldest > 1 ? { cursor: String(oldest) } : {}),
  }
}

interface Filter {
  query: AuditQuery
  fits: (record: AuditRecord) => boolean
}

function filterOf({ subject, tool, outcome, text, requestId }: AuditPageParameters): Filter {
  const isSecurity = outcome === 'security'
  return {
    query: present({ subject, tool, outcome: isSecurity ? undefined : outcome, text: text ?? requestId }),
    fits: ({ event }) =>
      (!isSecurity || event.phase === 'security') && (requestId === undefined || event.requestId === requestId),
  }
}

async function newestSequence(auditTrail: Pick<AuditTrail, 'query'>): Promise<number> {
  const [newest] = await auditTrail.query({ limit: 1 })
  return newest?.sequence ?? 0
}

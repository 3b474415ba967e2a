import type { AuditQuery, AuditRecord } from '@mcp-identity/audit-log'
import { z } from 'zod'
import { present } from './audit-events.ts'

/** Which records of a log. */
export const recordFilters = {
  subject: z.string().max(255).optional(),
  tool: z.string().max(64).optional(),
  /** `security` stands for the events that are no calls. */
  outcome: z.enum(['allowed', 'refused', 'failed', 'succeeded', 'security']).optional(),
  text: z.string().max(200).optional(),
  requestId: z.string().max(64).optional(),
}

/** What one log can be asked for: filters, and from where on. Without a place: the newest. */
export const logPageParameters = z.strictObject({
  ...recordFilters,
  /** Only records after this one, the oldest first. */
  afterSequence: z.int().min(0).optional(),
  /** Only records before this one, the newest of them. */
  before: z.int().min(1).optional(),
  limit: z.int().min(1).max(1_000),
})

export type LogPageParameters = z.output<typeof logPageParameters>

/** A page of one log. */
export interface LogPage {
  /** In ascending order of sequence. */
  records: AuditRecord[]
  /** The newest record that was looked at, or the one to look on after. */
  until: number
  /** The page before this one holds records before this sequence; absent when this one reaches the beginning. */
  older?: number
}

type Query = (query: AuditQuery) => Promise<AuditRecord[]>

/** How many records one look back takes in, and how often a page looks back before it hands over what it has. */
const windowSize = 1_000
const mostWindows = 20

/** Reads one page of a log: onward from a record, or back from the newest or from a given one. */
export async function readLogPage(query: Query, parameters: LogPageParameters): Promise<LogPage> {
  const { afterSequence, before, limit } = parameters
  const filter = filterOf(parameters)
  if (afterSequence !== undefined) {
    const found = await query({ ...filter.query, afterSequence, limit })
    return { records: found.filter(filter.fits), until: found.at(-1)?.sequence ?? afterSequence }
  }
  return readBack(query, filter, before ?? (await newestSequence(query)) + 1, limit)
}

async function readBack(query: Query, filter: Filter, before: number, limit: number): Promise<LogPage> {
  let found: AuditRecord[] = []
  let end = before
  for (let window = 0; window < mostWindows && end > 1 && found.length < limit; window++) {
    const start = Math.max(0, end - 1 - windowSize)
    const last = end
    const records = await query({ ...filter.query, afterSequence: start, limit: windowSize })
    found = [...records.filter((record) => record.sequence < last && filter.fits(record)), ...found]
    end = start + 1
  }
  const records = found.slice(-limit)
  const oldest = found.length > limit ? (records[0]?.sequence ?? end) : end
  return { records, until: before - 1, ...(oldest > 1 ? { older: oldest } : {}) }
}

interface Filter {
  query: AuditQuery
  fits: (record: AuditRecord) => boolean
}

function filterOf({ subject, tool, outcome, text, requestId }: LogPageParameters): Filter {
  const isSecurity = outcome === 'security'
  return {
    query: present({ subject, tool, outcome: isSecurity ? undefined : outcome, text: text ?? requestId }),
    fits: ({ event }) =>
      (!isSecurity || event.phase === 'security') && (requestId === undefined || event.requestId === requestId),
  }
}

async function newestSequence(query: Query): Promise<number> {
  const [newest] = await query({ limit: 1 })
  return newest?.sequence ?? 0
}

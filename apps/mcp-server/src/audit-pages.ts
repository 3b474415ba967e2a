import type { AuditRecord } from '@mcp-identity/audit-log'
import { z } from 'zod'
import {
  type AuditLogs,
  inOrderOfTime,
  type LoggedRecord,
  type ReadLogs,
  readLogs,
  type UnreadLog,
} from './audit-logs.ts'
import { type LogPage, recordFilters } from './log-page.ts'
import { formatPositions, type LogPositions, parsePositions } from './log-positions.ts'

const positions = z.string().transform((text, context) => {
  const read = parsePositions(text)
  if (read === undefined) context.addIssue({ code: 'custom', message: 'must come from an answer' })
  return read ?? z.NEVER
})

/** What `GET /audit` can be asked: filters, and from where on. */
export const auditPageParameters = z.strictObject({
  ...recordFilters,
  /** Only this log. */
  log: z.string().max(63).optional(),
  /** `nextAfter` of an answer: what came since, the oldest first. */
  after: positions.optional(),
  /** `cursor` of the page before: older ones. */
  cursor: positions.optional(),
  /** The same in one log, by the sequence of a record. */
  afterSequence: z.coerce.number().int().min(0).optional(),
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
})

export type AuditPageParameters = z.output<typeof auditPageParameters>

/** A page of all logs, or of the one that was named. */
export interface AuditPage {
  /** In the order of time, those of one log in their own. */
  records: LoggedRecord[]
  /** Where the next older page begins; undefined when this one reaches the beginning. */
  cursor: string | undefined
  /** Where to go on for newer records. */
  nextAfter: string
  /** What is missing here. */
  unread: UnreadLog[]
}

/**
 * Reads one page: onward from a place in each log, or back from one or from the newest records.
 *
 * @throws {LogUnreadError} The log that is named is unknown or could not be read.
 */
export async function readAuditPage(logs: AuditLogs, parameters: AuditPageParameters): Promise<AuditPage> {
  const { log: named, after, cursor, afterSequence, before, ...rest } = parameters
  const isOnward = after !== undefined || afterSequence !== undefined
  const places = (isOnward ? after : cursor) ?? new Map<string, number>()
  const placeIn = (name: string): { afterSequence?: number; before?: number } => {
    if (isOnward) return { afterSequence: places.get(name) ?? afterSequence ?? 0 }
    const end = places.get(name) ?? before
    return end === undefined ? {} : { before: end }
  }
  const { read, unread } = await readLogs(logs, (log) => log.page({ ...rest, ...placeIn(log.name) }), named)
  const page = isOnward ? mergeOnward(read, places, rest.limit) : mergeBack(read, places, rest.limit)
  return { ...page, unread }
}

type Pages = ReadLogs<LogPage>['read']
type Merged = Omit<AuditPage, 'unread'>

function mergeOnward(pages: Pages, places: LogPositions, limit: number): Merged {
  const records = inOrderOfTime(recordsOf(pages)).slice(0, limit)
  const next = new Map(places)
  for (const { log, result } of pages) {
    const last = records.findLast((record) => record.log === log.name)
    const isWhole = last?.sequence === result.records.at(-1)?.sequence
    if (isWhole || last !== undefined) next.set(log.name, isWhole ? result.until : (last?.sequence ?? 0))
  }
  return { records, cursor: undefined, nextAfter: formatPositions(next) }
}

/** Ends early where a log has more that was not looked at: what is older in others may be newer than that. */
function mergeBack(pages: Pages, places: LogPositions, limit: number): Merged {
  const all = inOrderOfTime(recordsOf(pages))
  const ends = pages.map(({ log, result }) => {
    if (result.older === undefined) return 0
    const oldest = all.findIndex((record) => record.log === log.name)
    return oldest === -1 ? all.length : oldest
  })
  const records = all.slice(Math.max(0, all.length - limit, ...ends))
  const older = new Map(places)
  for (const { log, result } of pages) {
    const taken = records.filter((record) => record.log === log.name).length
    const left = result.records.at(-taken - 1)
    older.set(log.name, left === undefined ? (result.older ?? 1) : left.sequence + 1)
  }
  const hasOlder = [...older.values()].some((sequence) => sequence > 1)
  const nextAfter = new Map(pages.map(({ log, result }) => [log.name, result.until]))
  return { records, cursor: hasOlder ? formatPositions(older) : undefined, nextAfter: formatPositions(nextAfter) }
}

function recordsOf(pages: Pages): ReadLogs<AuditRecord[]>['read'] {
  return pages.map(({ log, result }) => ({ log, result: result.records }))
}

import type { AuditRecord } from './audit-event.ts'
import type { AuditQuery } from './query-log.ts'

/** The most that one query answers. */
const recordsAtATime = 1000

/**
 * Reads all records that match, from the oldest on, a page at a time; each page holds 1 to 1,000.
 *
 * Ends at the newest record of the moment at which the last page was read.
 *
 * @param query Finds records of the log: `log.query`, or `queryAuditLog` of a path.
 * @param matching Every member that is given must match. Default: all records.
 * @throws What the query throws.
 */
export async function* pagesOfRecords(
  query: (query: AuditQuery) => Promise<AuditRecord[]>,
  { afterSequence = 0, ...matching }: Omit<AuditQuery, 'limit'> = {},
): AsyncGenerator<AuditRecord[], void> {
  for (let after = afterSequence; ; ) {
    const page = await query({ ...matching, afterSequence: after, limit: recordsAtATime })
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    if (page.length < recordsAtATime) return
    after = last.sequence
  }
}

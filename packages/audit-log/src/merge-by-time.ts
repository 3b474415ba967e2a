import type { AuditRecord } from './audit-event.ts'

/** Records of several logs, such as those of replicas, as one history; those of one log stay in its own order. */
export async function* mergeByTime(logs: readonly AsyncIterable<AuditRecord[]>[]): AsyncGenerator<AuditRecord[], void> {
  const open = (await Promise.all(logs.map(openLog))).filter(hasMore)
  for (let first = earliestOf(open); first !== undefined; first = earliestOf(open)) {
    const limit = earliestOf(open.filter((log) => log !== first))?.page[0]?.event.time
    const end = limit === undefined ? -1 : first.page.findIndex(({ event }) => event.time > limit)
    yield first.page.splice(0, end === -1 ? first.page.length : end)
    if (first.page.length === 0 && !hasMore(await nextPage(first))) open.splice(open.indexOf(first), 1)
  }
}

interface OpenLog {
  pages: AsyncIterator<AuditRecord[]>
  /** What was read and not told yet. */
  page: AuditRecord[]
}

const openLog = (log: AsyncIterable<AuditRecord[]>): Promise<OpenLog> =>
  nextPage({ pages: log[Symbol.asyncIterator](), page: [] })
const hasMore = ({ page }: OpenLog): boolean => page.length > 0

async function nextPage(log: OpenLog): Promise<OpenLog> {
  const { value, done } = await log.pages.next()
  log.page = done === true ? [] : [...value]
  return log
}

function earliestOf(logs: readonly OpenLog[]): OpenLog | undefined {
  const timeOf = ({ page }: OpenLog): string => page[0]?.event.time ?? ''
  return logs.reduce<OpenLog | undefined>(
    (earliest, log) => (earliest === undefined || timeOf(log) < timeOf(earliest) ? log : earliest),
    undefined,
  )
}

import type { AuditRecord } from './audit-event.ts'

/** Records of several logs, such as those of replicas, as one history; those of one log stay in its own order. */
export async function* mergeByTime<Record extends AuditRecord>(
  logs: readonly AsyncIterable<Record[]>[],
): AsyncGenerator<Record[], void> {
  const open = (await Promise.all(logs.map(openLog))).filter(hasMore)
  for (let first = earliestOf(open); first !== undefined; first = earliestOf(open)) {
    const limit = earliestOf(open.filter((log) => log !== first))?.page[0]?.event.time
    const end = limit === undefined ? -1 : first.page.findIndex(({ event }) => event.time > limit)
    yield first.page.splice(0, end === -1 ? first.page.length : end)
    if (first.page.length === 0 && !hasMore(await nextPage(first))) open.splice(open.indexOf(first), 1)
  }
}

interface OpenLog<Record> {
  pages: AsyncIterator<Record[]>
  /** What was read and not told yet. */
  page: Record[]
}

const openLog = <Record>(log: AsyncIterable<Record[]>): Promise<OpenLog<Record>> =>
  nextPage({ pages: log[Symbol.asyncIterator](), page: [] })
const hasMore = ({ page }: OpenLog<unknown>): boolean => page.length > 0

async function nextPage<Record>(log: OpenLog<Record>): Promise<OpenLog<Record>> {
  const { value, done } = await log.pages.next()
  log.page = done === true ? [] : [...value]
  return log
}

function earliestOf<Record extends AuditRecord>(logs: readonly OpenLog<Record>[]): OpenLog<Record> | undefined {
  const timeOf = ({ page }: OpenLog<Record>): string => page[0]?.event.time ?? ''
  return logs.reduce<OpenLog<Record> | undefined>(
    (earliest, log) => (earliest === undefined || timeOf(log) < timeOf(earliest) ? log : earliest),
    undefined,
  )
}

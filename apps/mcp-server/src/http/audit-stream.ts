import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authenticated, CallRegistry } from '@mcp-identity/mcp-authorization'
import type { z } from 'zod'
import { callerMembers, requestMembers } from '../audit-events.ts'
import {
  type AuditLogs,
  inOrderOfTime,
  type LoggedRecord,
  ownName,
  type ReadableLog,
  readEach,
  type UnreadLog,
} from '../audit-logs.ts'
import { auditPageParameters, readAuditPage } from '../audit-pages.ts'
import type { AuditTrail } from '../audit-trail.ts'
import { viewOfRecord } from '../audit-view.ts'
import { formatPositions, parsePositions } from '../log-positions.ts'
import { contextOf } from '../request-context.ts'

export interface AuditStreamParts {
  auditTrail: Pick<AuditTrail, 'note' | 'record' | 'subscribe'>
  logs: AuditLogs
  calls: CallRegistry
}

const heartbeatMs = 15_000
const pageSize = 500
/** How many records a stream begins with when it is not told where to begin. */
const firstPageSize = 50
const streamParameters = auditPageParameters.pick({ log: true, after: true, afterSequence: true })
/** How often other replicas are asked for what is new. */
const askOthersMs = 1_000

/**
 * Sends records as they come: each is an event `record` whose id says how far each log was told, to go on from there.
 * This replica's own come as soon as they are durable, those of others within about a second. An event `logs` names those
 * that cannot be read, each time that they are others than before.
 *
 * `log` leaves all logs out but the one that it names.
 *
 * Starts after `last-event-id` or `after`, or after `afterSequence` in this replica's own log; else with the newest.
 *
 * @throws {z.ZodError} The place to begin at is none.
 */
export async function openAuditStream(
  { auditTrail, logs, calls }: AuditStreamParts,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { token, headers }: Authenticated,
): Promise<void> {
  const parameters = streamParameters.parse(Object.fromEntries(url.searchParams))
  const { log: named } = parameters
  const { positions, records, unread } = await beginningOf(logs, parameters, request.headers['last-event-id'])
  const who = { ...requestMembers(contextOf(request)), ...callerMembers(token) }
  await auditTrail.record({ phase: 'decision', action: url.pathname, outcome: 'allowed', ...who })
  let told = ''

  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  response.flushHeaders()

  function tell(record: LoggedRecord): void {
    if (response.writableEnded) return
    positions.set(record.log, record.sequence)
    const id = formatPositions(positions)
    response.write(`id: ${id}\nevent: record\ndata: ${JSON.stringify(viewOfRecord(record))}\n\n`)
  }

  function tellUnread(missing: readonly UnreadLog[]): void {
    const data = JSON.stringify({ unread: missing })
    if (data !== (told || '{"unread":[]}')) response.write(`event: logs\ndata: ${data}\n\n`)
    told = data
  }

  /** Reads on from what was told last, so that what is appended meanwhile is neither lost nor told twice. */
  async function tellNewOf(some: readonly ReadableLog[], alreadyUnread?: readonly UnreadLog[]): Promise<void> {
    for (let isBehind = true; isBehind && !response.writableEnded; ) {
      const found = await readEach(
        some,
        (log) => log.page({ afterSequence: positions.get(log.name) ?? 0, limit: pageSize }),
        alreadyUnread,
      )
      inOrderOfTime(found.read.map(({ log, result }) => ({ log, result: result.records }))).forEach(tell)
      if (alreadyUnread !== undefined) tellUnread(found.unread)
      isBehind = found.read.some(({ result }) => result.records.length === pageSize)
    }
  }

  const giveUp = (): void => void response.destroy()
  const isOwn = named === undefined || named === ownName || named === logs.own.name
  const followOwn = onlyOnce(async () => (isOwn ? tellNewOf([logs.own]) : undefined), giveUp)
  const followOthers = onlyOnce(async () => {
    if (named !== undefined && isOwn) return
    const { logs: others, unread: missing } = await logs.others()
    await tellNewOf(
      others.filter(({ name }) => named === undefined || name === named),
      missing,
    )
  }, giveUp)
  const end = (reason: unknown): void => {
    if (response.writableEnded) return
    const text = reason instanceof Error ? reason.message : 'ended'
    response.end(`event: end\ndata: ${JSON.stringify({ reason: text })}\n\n`)
  }
  const unsubscribe = auditTrail.subscribe(followOwn)
  const entry = calls.open(token, { abort: end }, 'stream')
  const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs).unref()
  const asking = setInterval(followOthers, askOthersMs).unref()
  response.once('close', () => {
    unsubscribe()
    entry.close()
    clearInterval(heartbeat)
    clearInterval(asking)
  })
  records.forEach(tell)
  tellUnread(unread)
  followOwn()
  followOthers()
}

/** Runs one work at a time; asked for meanwhile, it runs once more. */
function onlyOnce(work: () => Promise<void>, onFailure: () => void): () => void {
  let isRunning = false
  let isAsked = false
  return function run(): void {
    isAsked = true
    if (isRunning) return
    isRunning = true
    isAsked = false
    work()
      .catch(onFailure)
      .finally(() => {
        isRunning = false
        if (isAsked) run()
      })
  }
}

async function beginningOf(
  logs: AuditLogs,
  { after, afterSequence, ...only }: z.output<typeof streamParameters>,
  lastEventId: string | string[] | undefined,
) {
  const last = typeof lastEventId === 'string' ? parsePositions(lastEventId) : undefined
  const own = afterSequence === undefined ? undefined : new Map([[logs.own.name, afterSequence]])
  const start = last ?? after ?? own
  if (start !== undefined) return { positions: new Map(start), records: [], unread: [] }
  const { records, nextAfter, unread } = await readAuditPage(logs, { ...only, limit: firstPageSize })
  const positions = new Map(parsePositions(nextAfter))
  // Before those that are told now: a stream that breaks among them goes on there.
  for (const { log, sequence } of records.toReversed()) positions.set(log, sequence - 1)
  return { positions, records, unread }
}

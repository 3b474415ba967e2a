import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RecordClaim } from '@mcp-identity/audit-log'
import { openCheckpoint } from '@mcp-identity/audit-log/browser'
import type { Authenticated, CallRegistry } from '@mcp-identity/mcp-authorization'
import { callerMembers, requestMembers } from '../audit-events.ts'
import { auditPageParameters, readAuditPage } from '../audit-pages.ts'
import type { AuditTrail } from '../audit-trail.ts'
import { viewOfRecord } from '../audit-view.ts'
import { contextOf } from '../request-context.ts'
import { type RouteHandler, sendJson } from './answers.ts'
import { type AuditorsHandler, type AuditorsOnlyParts, auditorsOnly } from './auditors-only.ts'

export interface AuditApiParts extends AuditorsOnlyParts {
  auditTrail: AuditTrail
  calls: CallRegistry
  allowedOrigins: readonly string[]
}

const heartbeatMs = 15_000
const streamPage = 500
/** How many records a stream begins with when it is not told where to begin. */
const streamStart = 50

/** Handlers by the last part of their path. */
export interface AuditApi {
  query: RouteHandler
  stream: RouteHandler
  checkpoint: RouteHandler
  proof: RouteHandler
}

/**
 * `GET /audit`: records as JSON, `GET /audit/stream`: the same as server-sent events that go on,
 * `GET /audit/checkpoint`: a signed checkpoint of what is durable now, `GET /audit/proof?sequence=`: one record as it is
 * stored, and all that shows that it is in the log.
 *
 * Behind the same gate as the tools, and behind the policy of `export_audit`. A stream ends with the right to it.
 */
export function auditApi(parts: AuditApiParts): AuditApi {
  const { auditTrail } = parts
  return {
    query: guarded(parts, async (_request, response, url, authenticated) => {
      const parameters = auditPageParameters.safeParse(Object.fromEntries(url.searchParams))
      if (!parameters.success) {
        const problems = parameters.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
        return sendJson(response, 400, { error: 'invalid_request', problems }, authenticated.headers)
      }
      const { records, ...page } = await readAuditPage(parts.auditTrail, parameters.data)
      sendJson(response, 200, { records: records.map(viewOfRecord), ...page }, authenticated.headers)
    }),
    stream: guarded(parts, (request, response, url, authenticated) =>
      openStream(parts, request, response, url, authenticated),
    ),
    checkpoint: guarded(parts, async (_request, response, _url, { headers }) => {
      const verifierKey = await auditTrail.verifierKey()
      const checkpoint = await auditTrail.checkpoint()
      sendJson(response, 200, { ...(await openCheckpoint(checkpoint, verifierKey)), checkpoint, verifierKey }, headers)
    }),
    proof: guarded(parts, async (_request, response, url, { headers }) => {
      const sequence = Number(/^[1-9]\d{0,14}$/.exec(url.searchParams.get('sequence') ?? '')?.[0])
      if (Number.isNaN(sequence)) {
        const problems = ['sequence: the number of a record, 1 or more']
        return sendJson(response, 400, { error: 'invalid_request', problems }, headers)
      }
      const claim = await provedOrNothing(auditTrail, sequence)
      if (claim === undefined) return sendJson(response, 404, { error: 'not_found' }, headers)
      const proof = claim.proof.map((hash) => Buffer.from(hash).toString('base64'))
      sendJson(response, 200, { sequence, ...claim, proof }, headers)
    }),
  }
}

async function provedOrNothing(auditTrail: AuditTrail, sequence: number): Promise<RecordClaim | undefined> {
  try {
    return await auditTrail.prove(sequence)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function guarded(parts: AuditApiParts, handle: AuditorsHandler): RouteHandler {
  const answer = auditorsOnly(parts, handle)
  return (request, response, url) =>
    request.method === 'OPTIONS' ? preflight(request, response, parts.allowedOrigins) : answer(request, response, url)
}

async function openStream(
  parts: AuditApiParts,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { token, headers }: Authenticated,
): Promise<void> {
  const { auditTrail, calls } = parts
  const who = { ...requestMembers(contextOf(request)), ...callerMembers(token) }
  await auditTrail.record({ phase: 'decision', action: url.pathname, outcome: 'allowed', ...who })
  let last = await beginningOf(parts, url.searchParams.get('afterSequence') ?? request.headers['last-event-id'])
  let isPumping = false
  let isBehind = true

  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  })

  /** Reads on from the last record sent, so that what is appended meanwhile is neither lost nor told twice. */
  async function pump(): Promise<void> {
    isBehind = true
    if (isPumping) return
    isPumping = true
    while (isBehind && !response.writableEnded) {
      isBehind = false
      const records = await auditTrail.query({ afterSequence: last, limit: streamPage })
      for (const record of records) {
        last = record.sequence
        response.write(`id: ${last}\nevent: record\ndata: ${JSON.stringify(viewOfRecord(record))}\n\n`)
      }
      if (records.length === streamPage) isBehind = true
    }
    isPumping = false
  }

  const end = (reason: unknown): void => {
    if (response.writableEnded) return
    const text = reason instanceof Error ? reason.message : 'ended'
    response.end(`event: end\ndata: ${JSON.stringify({ reason: text })}\n\n`)
  }
  const follow = (): void => void pump().catch(() => response.destroy())
  const unsubscribe = auditTrail.subscribe(follow)
  const entry = calls.open(token, { abort: end }, 'stream')
  const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs)
  heartbeat.unref()
  response.once('close', () => {
    unsubscribe()
    entry.close()
    clearInterval(heartbeat)
  })
  follow()
}

async function beginningOf({ auditTrail }: AuditApiParts, given: string | string[] | undefined): Promise<number> {
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return Number(given)
  const [oldest] = await auditTrail.query({ limit: streamStart })
  return (oldest?.sequence ?? 1) - 1
}

function preflight(request: IncomingMessage, response: ServerResponse, allowedOrigins: readonly string[]): void {
  const { origin } = request.headers
  if (origin === undefined || !allowedOrigins.includes(origin)) {
    sendJson(response, 403, { error: 'forbidden' })
    return
  }
  response.writeHead(204, {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET',
    'access-control-allow-headers': 'authorization, dpop, last-event-id',
    'access-control-max-age': '600',
    vary: 'Origin',
  })
  response.end()
}

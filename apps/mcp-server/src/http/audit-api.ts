import type { IncomingMessage, ServerResponse } from 'node:http'
import { openCheckpoint } from '@mcp-identity/audit-log/browser'
import type { Authenticated } from '@mcp-identity/mcp-authorization'
import { z } from 'zod'
import { type AuditLogs, LogUnreadError, type ReadableLog, readLogs, UnknownLogError } from '../audit-logs.ts'
import { auditPageParameters, readAuditPage } from '../audit-pages.ts'
import { viewOfRecord } from '../audit-view.ts'
import { type RouteHandler, sendJson } from './answers.ts'
import { type AuditStreamParts, openAuditStream } from './audit-stream.ts'
import { type AuditorsHandler, type AuditorsOnlyParts, auditorsOnly } from './auditors-only.ts'

export interface AuditApiParts extends Omit<AuditorsOnlyParts, 'auditTrail'>, AuditStreamParts {
  allowedOrigins: readonly string[]
}

/** Handlers by the last part of their path. */
export interface AuditApi {
  query: RouteHandler
  stream: RouteHandler
  checkpoint: RouteHandler
  checkpoints: RouteHandler
  proof: RouteHandler
}

const checkpointParameters = z.strictObject({ log: z.string().optional() })
const proofParameters = z.strictObject({
  log: z.string().optional(),
  sequence: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'the number of a record, 1 or more')
    .transform(Number),
})

/**
 * `GET /audit`: records of all logs as JSON, `GET /audit/stream`: the same as server-sent events that go on,
 * `GET /audit/checkpoint?log=`: a signed checkpoint of what is durable now, `GET /audit/checkpoints`: one of each log, `GET /audit/proof?log=&sequence=`: one record
 * as it is stored, and all that shows that it is in its log. Where there are several logs, what is about one names it.
 *
 * Behind the same gate as the tools, and behind the policy of `export_audit`. A stream ends with the right to it.
 */
export function auditApi(parts: AuditApiParts): AuditApi {
  const { logs } = parts
  return {
    query: guarded(parts, async (_request, response, url, { headers }) => {
      const parameters = auditPageParameters.parse(parametersOf(url))
      const { afterSequence, before, log } = parameters
      if (afterSequence !== undefined || before !== undefined) await mustName(logs, log)
      const { records, ...page } = await readAuditPage(logs, parameters)
      sendJson(response, 200, { records: records.map(viewOfRecord), ...page }, headers)
    }),
    stream: guarded(parts, (request, response, url, authenticated) =>
      openAuditStream(parts, request, response, url, authenticated),
    ),
    checkpoint: guarded(parts, async (_request, response, url, { headers }) => {
      const { log, result } = await ofOne(logs, checkpointParameters.parse(parametersOf(url)), (one) =>
        one.checkpoint(),
      )
      const opened = await openCheckpoint(result.checkpoint, result.verifierKey)
      sendJson(response, 200, { log, ...opened, ...result }, headers)
    }),
    checkpoints: guarded(parts, async (_request, response, _url, { headers }) => {
      const { read, unread } = await readLogs(logs, (log) => log.checkpoint())
      const checkpoints = read.map(({ log, result }) => ({ log: log.name, ...result }))
      sendJson(response, 200, { checkpoints, unread }, headers)
    }),
    proof: guarded(parts, async (_request, response, url, { headers }) => {
      const parameters = proofParameters.parse(parametersOf(url))
      const { sequence } = parameters
      const { log, result: claim } = await ofOne(logs, parameters, (one) => one.prove(sequence))
      if (claim === undefined) return sendJson(response, 404, { error: 'not_found' }, headers)
      const proof = claim.proof.map((hash) => Buffer.from(hash).toString('base64'))
      sendJson(response, 200, { log, sequence, ...claim, proof }, headers)
    }),
  }
}

function parametersOf(url: URL): Record<string, string> {
  return Object.fromEntries(url.searchParams)
}

/** A sequence, or a checkpoint, says nothing without the log that it is of. */
async function mustName({ own, others }: AuditLogs, log: string | undefined): Promise<string> {
  if (log !== undefined) return log
  const known = await others()
  if (known.logs.length + known.unread.length === 0) return own.name
  const names = [own, ...known.logs].map(({ name }) => name).join(', ')
  throw new z.ZodError([{ code: 'custom', path: ['log'], message: `name one of ${names}`, input: undefined }])
}

async function ofOne<Result>(
  logs: AuditLogs,
  { log: named }: { log?: string | undefined },
  work: (log: ReadableLog) => Promise<Result>,
): Promise<{ log: string; result: Result }> {
  const log = await mustName(logs, named)
  const [answer] = (await readLogs(logs, work, log)).read
  if (answer === undefined) throw new UnknownLogError(log)
  return { log, result: answer.result }
}

function guarded(parts: AuditApiParts, handle: AuditorsHandler): RouteHandler {
  const answer = auditorsOnly(parts, async (request, response, url, authenticated) => {
    try {
      await handle(request, response, url, authenticated)
    } catch (error) {
      if (!sendProblem(error, response, authenticated.headers)) throw error
    }
  })
  return (request, response, url) =>
    request.method === 'OPTIONS' ? preflight(request, response, parts.allowedOrigins) : answer(request, response, url)
}

function sendProblem(error: unknown, response: ServerResponse, headers: Authenticated['headers']): boolean {
  if (error instanceof z.ZodError) {
    const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    sendJson(response, 400, { error: 'invalid_request', problems }, headers)
  } else if (error instanceof UnknownLogError) {
    sendJson(response, 404, { error: 'not_found', error_description: error.message }, headers)
  } else if (error instanceof LogUnreadError) {
    sendJson(response, 503, { error: 'log_unread', error_description: error.message }, headers)
  } else return false
  return true
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

import type { ServerResponse } from 'node:http'
import type { Authenticated } from '@mcp-identity/mcp-authorization'
import { ReviewError, type Reviewer, type SignedEvidence } from '@mcp-identity/policy/access-review'
import { z } from 'zod'
import { type AccessReviews, NoRealmError, type RecordStep } from '../access-reviews.ts'
import { callerMembers, present, requestMembers } from '../audit-events.ts'
import type { AuditTrail } from '../audit-trail.ts'
import { type LeaverReports, UnknownPersonError } from '../leaver-report.ts'
import { contextOf } from '../request-context.ts'
import { type RouteHandler, sendJson } from './answers.ts'
import { type AuditorsHandler, type AuditorsOnlyParts, auditorsOnly } from './auditors-only.ts'
import { readJsonBody } from './read-json-body.ts'

export interface AccessReviewApiParts extends AuditorsOnlyParts {
  auditTrail: Pick<AuditTrail, 'note' | 'record'>
  reviews: AccessReviews
  leavers: LeaverReports
}

/** What a request asks for, and what is answered. */
type Work = (request: { body: unknown; query: URLSearchParams; by: Reviewer; record: RecordStep }) => unknown

const name = z.string().trim().min(1).max(255)
const scopeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('everything') }),
  z.strictObject({ kind: z.enum(['tool', 'group', 'person']), name }),
])
const startSchema = z.strictObject({
  scope: scopeSchema.default({ kind: 'everything' }),
  title: z.string().trim().min(1).max(120).optional(),
})
const markSchema = z.strictObject({
  campaign: z.uuid(),
  items: z.array(z.string().max(64)).min(1).max(5_000),
  verdict: z.enum(['approve', 'revoke']),
  reason: z.string().trim().min(3).max(500),
})
const signOffSchema = z.strictObject({ campaign: z.uuid() })

/**
 * The access review: `GET /access-review` and what is below it, see the README for each path and its shapes.
 *
 * Reading takes what reading the audit log takes; beginning, marking and signing off takes the policies' `review_access`,
 * and is on record before it counts.
 */
export function accessReviewApi(parts: AccessReviewApiParts): Map<string, RouteHandler> {
  const { reviews, leavers } = parts
  const campaign = (query: URLSearchParams): string | undefined => query.get('campaign') ?? undefined
  return new Map<string, RouteHandler>([
    ['/access-review', read(parts, () => reviews.current())],
    [
      '/access-review/campaigns',
      byMethod({
        GET: read(parts, ({ query }) => {
          const id = query.get('id')
          return id === null ? { campaigns: reviews.campaigns() } : reviews.campaign(id)
        }),
        POST: write(parts, startSchema, ({ scope, title }, { by, record }) => reviews.start(scope, title, by, record)),
      }),
    ],
    [
      '/access-review/marks',
      write(parts, markSchema, (request, { by, record }) => reviews.mark({ ...request, by }, record)),
    ],
    [
      '/access-review/sign-off',
      write(parts, signOffSchema, ({ campaign: id }, { by, record }) => reviews.signOff(id, by, record)),
    ],
    [
      '/access-review/evidence',
      auditorsOnly(parts, async (_request, response, url, { headers }) => {
        await answering(response, headers, async () => {
          const evidence = await reviews.evidence(campaign(url.searchParams))
          const file = url.searchParams.get('file')
          if (file === null) return { ...evidence, publicKey: reviews.key.publicKey }
          return sendFile(response, file, evidence, headers)
        })
      }),
    ],
    ['/access-review/key', read(parts, () => ({ keys: [reviews.key.publicKey] }))],
    ['/access-review/leaver', read(parts, ({ query }) => leavers.about(name.parse(query.get('person') ?? '')))],
  ])
}

function read(parts: AccessReviewApiParts, work: Work): RouteHandler {
  return auditorsOnly(parts, handler(parts, work))
}

function write<Schema extends z.ZodType>(
  parts: AccessReviewApiParts,
  schema: Schema,
  work: (body: z.output<Schema>, request: Parameters<Work>[0]) => unknown,
): RouteHandler {
  const parsing: Work = (request) => work(schema.parse(request.body), request)
  return auditorsOnly(parts, handler(parts, parsing), 'POST', 'review_access')
}

function handler({ auditTrail }: AccessReviewApiParts, work: Work): AuditorsHandler {
  return async (request, response, url, { token, headers }) => {
    const who = { ...requestMembers(contextOf(request)), ...callerMembers(token) }
    const record: RecordStep = (action, details) =>
      auditTrail.record({ phase: 'security', action, outcome: 'succeeded', ...who, details })
    const body = request.method === 'POST' ? await readJsonBody(request) : undefined
    await answering(response, headers, () => work({ body, query: url.searchParams, by: reviewerOf(token), record }))
  }
}

function reviewerOf({ issuer, subject, caller }: Authenticated['token']): Reviewer {
  return { issuer, subject, ...present({ name: caller.name, email: caller.email }) }
}

const statusOf: Readonly<Record<ReviewError['reason'], number>> = {
  unknown_campaign: 404,
  unknown_item: 404,
  empty_scope: 404,
  signed_off: 409,
  own_access: 403,
  unmarked_items: 409,
  not_signed_off: 409,
}

async function answering(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  work: () => unknown,
): Promise<void> {
  try {
    const content = await work()
    if (!response.headersSent) sendJson(response, 200, content, headers)
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) throw error
    const { status, code, description } = refusal
    sendJson(response, status, { error: code, error_description: description }, headers)
  }
}

function refusalOf(error: unknown): { status: number; code: string; description: string } | undefined {
  if (error instanceof ReviewError)
    return { status: statusOf[error.reason], code: error.reason, description: error.message }
  if (error instanceof UnknownPersonError) return { status: 404, code: 'unknown_person', description: error.message }
  if (error instanceof NoRealmError) return { status: 501, code: 'no_realm', description: error.message }
  if (error instanceof z.ZodError) {
    const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'request'}: ${message}`)
    return { status: 400, code: 'invalid_request', description: problems.join('; ') }
  }
  return undefined
}

const contentTypes: Readonly<Record<string, string>> = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
}

/** One file as it was signed, to be saved; a browser shows none of it here. */
function sendFile(
  response: ServerResponse,
  file: string,
  { files }: SignedEvidence,
  headers: Readonly<Record<string, string>>,
): void {
  const content = Object.hasOwn(files, file) ? files[file] : undefined
  if (content === undefined) {
    sendJson(response, 404, { error: 'not_found', error_description: `there is no file ${file}` }, headers)
    return
  }
  response.writeHead(200, {
    ...headers,
    'content-type': contentTypes[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    'content-disposition': `attachment; filename="${file}"`,
    'content-length': Buffer.byteLength(content),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  })
  response.end(content)
}

/** Each method has a handler of its own. */
function byMethod(handlers: Readonly<Record<string, RouteHandler>>): RouteHandler {
  return (request, response, url) => {
    const handle = handlers[request.method ?? '']
    if (handle !== undefined) return handle(request, response, url)
    const allow = [...Object.keys(handlers), 'OPTIONS'].join(', ')
    sendJson(response, 405, { error: 'method_not_allowed' }, { allow })
  }
}

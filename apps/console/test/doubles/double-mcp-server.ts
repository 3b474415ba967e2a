import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuditEvent, type AuditLog, type AuditRecord, humanLine, openAuditLog } from '@mcp-identity/audit-log'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { streamSSE } from 'hono/streaming'
import type { DoublePerson } from './people.ts'

export interface DoubleMcpServer {
  app: Hono
  append(event: AuditEvent): Promise<AuditRecord>
  /** Subjects whose tokens are refused. */
  cutOff: Set<string>
  fault: { isStale: boolean }
  close(): Promise<void>
}

/** The audit endpoints and tool list of an MCP server, over a real audit log in a temporary folder. */
export async function createDoubleMcpServer(options: {
  people: DoublePerson[]
  consoleOrigin(): string
}): Promise<DoubleMcpServer> {
  const folder = await mkdtemp(join(tmpdir(), 'console-double-'))
  const log: AuditLog = await openAuditLog({ path: join(folder, 'audit.jsonl') })
  const records: AuditRecord[] = []
  const followers = new Set<{ subject: string; send(record: AuditRecord): void; end(): void }>()
  const cutOff = new Set<string>()
  const fault = { isStale: false }
  const app = new Hono<{ Variables: { claims: Claims } }>()

  app.use(cors({ origin: () => options.consoleOrigin(), exposeHeaders: ['WWW-Authenticate'] }))
  app.get('/readyz', (context) => context.json(readiness(fault.isStale), fault.isStale ? 503 : 200))
  app.get('/metrics', (context) => context.text(''))
  app.use(async (context, next) => {
    const claims = readClaims(context.req.header('authorization'))
    if (claims === undefined || cutOff.has(claims.sub)) {
      return context.json({ error: 'invalid_token' }, 401, { 'www-authenticate': 'Bearer error="invalid_token"' })
    }
    const mayRead = claims.scope.split(' ').includes('admin:reports')
    if (context.req.path.startsWith('/audit') && !mayRead) {
      return context.json({ error: 'insufficient_scope' }, 403, {
        'www-authenticate': 'Bearer error="insufficient_scope", scope="admin:reports"',
      })
    }
    context.set('claims', claims)
    return next()
  })
  app.get('/audit', (context) => {
    const query = context.req.query()
    const before = Number(query.cursor ?? Number.POSITIVE_INFINITY)
    const after = Number(query.afterSequence ?? 0)
    const limit = Number(query.limit ?? 100)
    const found: AuditRecord[] = []
    for (let index = records.length - 1; index >= 0 && found.length < limit; index -= 1) {
      const record = records[index]
      if (record !== undefined && record.sequence < before && record.sequence > after && matches(record, query))
        found.push(record)
    }
    const oldest = found.at(-1)?.sequence ?? 1
    return context.json({
      records: found.map(withLine),
      ...(found.length === limit && oldest > 1 ? { cursor: String(oldest) } : {}),
    })
  })
  app.get('/audit/stream', (context) => {
    const { sub } = context.get('claims')
    const after = Number(context.req.query('afterSequence') ?? 0)
    return streamSSE(context, async (stream) => {
      const ended = Promise.withResolvers<void>()
      const send = (record: AuditRecord): void => {
        void stream.writeSSE({ id: String(record.sequence), data: JSON.stringify(withLine(record)) })
      }
      for (const record of records.slice(after)) send(record)
      const follower = { subject: sub, send, end: ended.resolve }
      followers.add(follower)
      stream.onAbort(ended.resolve)
      await stream.write(': open\n\n')
      await ended.promise
      followers.delete(follower)
    })
  })
  app.post('/mcp', async (context) => {
    const { id, method } = (await context.req.json()) as { id: number; method: string }
    const claims = context.get('claims')
    if (method !== 'tools/list') return context.json({ jsonrpc: '2.0', id, result: {} })
    return context.json({ jsonrpc: '2.0', id, result: { tools: toolsFor(claims.scope.split(' ')) } })
  })

  return {
    app: app as unknown as Hono,
    cutOff,
    fault,
    async append(event) {
      const record = await log.append({ requestId: randomUUID(), ...event })
      records.push(record)
      for (const follower of followers) follower.send(record)
      return record
    },
    async close() {
      for (const follower of followers) follower.end()
      await log.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Claims {
  sub: string
  scope: string
}

function readClaims(authorization: string | undefined): Claims | undefined {
  const payload = authorization?.split('.')[1]
  return payload === undefined ? undefined : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims)
}

const withLine = (record: AuditRecord): AuditRecord & { line: string } => ({ ...record, line: humanLine(record.event) })

function matches(record: AuditRecord, query: Record<string, string>): boolean {
  const { event } = record
  const { text, tool, outcome, requestId } = query
  if (tool !== undefined && event.tool !== tool) return false
  if (requestId !== undefined && event.requestId !== requestId) return false
  if (outcome === 'security' ? event.phase !== 'security' : outcome !== undefined && event.outcome !== outcome)
    return false
  return text === undefined || JSON.stringify(withLine(record)).toLowerCase().includes(text.toLowerCase())
}

const scopesOfTools: Readonly<Record<string, { scope: string | undefined; description: string }>> = {
  whoami: { scope: undefined, description: 'Who the server thinks you are' },
  list_customers: { scope: 'read:customers', description: 'Customers that you may see' },
  get_customer: { scope: 'read:customers', description: 'One customer' },
  update_customer: { scope: 'write:own-data', description: 'Change a customer of your team' },
  delete_customer: { scope: 'write:customers', description: 'Delete a customer for good' },
  run_report: { scope: 'admin:reports', description: 'Figures over all customers' },
  list_invoices: { scope: 'read:finance', description: 'Invoices' },
  export_audit: { scope: 'admin:reports', description: 'The audit log as a file' },
}

function toolsFor(scopes: string[]) {
  return Object.entries(scopesOfTools)
    .filter(([, { scope }]) => scope === undefined || scopes.includes(scope))
    .map(([name, { description }]) => ({ name, description, inputSchema: { type: 'object' } }))
}

function readiness(isStale: boolean) {
  return {
    status: isStale ? 'not ready' : 'ready',
    checks: {
      keySets: { status: 'ok' },
      auditLog: { status: 'ok' },
      signals: { status: isStale ? 'stale' : 'ok', ageMs: isStale ? 9000 : 120 },
    },
  }
}

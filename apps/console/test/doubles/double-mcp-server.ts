import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuditEvent, type AuditLog, type AuditRecord, humanLine, openAuditLog } from '@mcp-identity/audit-log'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { streamSSE } from 'hono/streaming'
import type { UnreadLog } from '../../src/client/api/audit.ts'
import { createDoubleAccessReview } from './double-access-review.ts'
import { createDoublePolicies, type DoubleCandidate } from './double-policies.ts'
import type { DoublePerson } from './people.ts'

export interface DoubleMcpServer {
  app: Hono
  /** @param log Name of the replica that it happened at. Default: the first. */
  append(event: AuditEvent, log?: string): Promise<AuditRecord>
  /** Many at once, in this order. */
  appendAll(events: readonly AuditEvent[]): Promise<void>
  /** Refuses a subject's tokens from here on, and ends what is open. */
  cutOff(subject: string): void
  /** The same for one session. */
  cutOffSession(sid: string): void
  fault: { isStale: boolean }
  /** Other replicas can, or cannot, be asked from here on. */
  setUnread(unread: UnreadLog[]): void
  /** A set of policies beside the live one. */
  candidate: DoubleCandidate
  /** Ends every audit stream; the token is still good. */
  breakStreams(): void
  close(): Promise<void>
}

type LoggedRecord = AuditRecord & { log: string }

/** The audit endpoints and tool list of an MCP server, over real audit logs in a temporary folder. */
export async function createDoubleMcpServer(options: {
  people: DoublePerson[]
  consoleOrigin(): string
  /** Tokens of other keys are refused. */
  isPublished(kid: string): boolean
  /** Names of its log and of those of other replicas. Default: it is on its own. */
  logNames?: readonly string[]
}): Promise<DoubleMcpServer> {
  const folder = await mkdtemp(join(tmpdir(), 'console-double-'))
  const logs = new Map<string, AuditLog>()
  for (const name of options.logNames ?? ['mcp-server'])
    logs.set(
      name,
      await openAuditLog({
        path: join(folder, `${name}.jsonl`),
        signingKeyFile: join(folder, `${name}-key.pem`),
        checkpointIntervalMs: 60_000,
        ...(options.logNames && { origin: `mcp-identity/audit/${name}` }),
      }),
    )
  const [ownName = ''] = logs.keys()
  let unread: UnreadLog[] = []
  const review = await createDoubleAccessReview(options.people, folder)
  /** Of all logs, as they came; places in them are numbers here. */
  const records: LoggedRecord[] = []
  const followers = new Set<{ subject: string; sid: string; send(event: string, data: object): void; end(): void }>()
  const cutOff = new Set<string>()
  const watchers = new Set<{ subject: string; sid: string; end(): void }>()
  const fault = { isStale: false }
  const candidate: DoubleCandidate = { version: undefined }
  const app = new Hono<{ Variables: { claims: Claims } }>()

  app.use(cors({ origin: () => options.consoleOrigin(), exposeHeaders: ['WWW-Authenticate'] }))
  app.get('/readyz', (context) => context.json(readiness(fault.isStale), fault.isStale ? 503 : 200))
  app.use(async (context, next) => {
    const claims = readClaims(context.req.header('authorization'))
    const isOver = claims === undefined || cutOff.has(claims.sub) || cutOff.has(claims.sid)
    if (isOver || !options.isPublished(keyIdOf(context.req.header('authorization')))) {
      return context.json({ error: 'invalid_token' }, 401, { 'www-authenticate': 'Bearer error="invalid_token"' })
    }
    const mayRead = claims.scope.split(' ').includes('admin:reports')
    if (/^\/(audit|policies|access-review)/.test(context.req.path) && !mayRead) {
      return context.json({ error: 'insufficient_scope' }, 403, {
        'www-authenticate': 'Bearer error="insufficient_scope", scope="admin:reports"',
      })
    }
    context.set('claims', claims)
    return next()
  })
  app.get('/audit', (context) => {
    const query = context.req.query()
    const limit = Number(query.limit ?? 100)
    return context.json(query.afterSequence === undefined ? pageBack(query, limit) : pageOn(query, limit))
  })
  app.get('/audit/checkpoints', async (context) => {
    const signed = [...logs].map(async ([log, each]) => ({
      log,
      checkpoint: await each.checkpoint(),
      verifierKey: await each.verifierKey(),
    }))
    return context.json({ checkpoints: await Promise.all(signed), unread })
  })
  app.get('/audit/proof', async (context) => {
    const sequence = Number(context.req.query('sequence'))
    const log = logs.get(context.req.query('log') ?? ownName)
    if (!(log !== undefined && sequence >= 1 && sequence <= log.sequence))
      return context.json({ error: 'not_found' }, 404)
    const claim = await log.prove(sequence)
    const proof = claim.proof.map((hash) => Buffer.from(hash).toString('base64'))
    return context.json({ sequence, ...claim, proof })
  })
  app.get('/access', (context) =>
    context.json({ tools: accessOf(context.get('claims').scope.split(' ')), maxTokenLifetimeSeconds: 86_400 }),
  )
  app.route('/policies', createDoublePolicies(options.people, candidate))
  app.route('/access-review', review.app)
  app.get('/audit/stream', (context) => {
    const { sub, sid } = context.get('claims')
    const after = Number(context.req.query('after') ?? 0)
    return streamSSE(context, async (stream) => {
      const ended = Promise.withResolvers<void>()
      let told = after
      const send = (event: string, data: object): void => {
        if (event === 'record') told += 1
        void stream.writeSSE({ id: String(told), event, data: JSON.stringify(data) })
      }
      for (const record of records.slice(after)) send('record', viewOf(record))
      if (unread.length > 0) send('logs', { unread })
      const follower = { subject: sub, sid, send, end: ended.resolve }
      followers.add(follower)
      stream.onAbort(ended.resolve)
      await stream.write(': open\n\n')
      await ended.promise
      followers.delete(follower)
    })
  })
  app.get('/access/watch', (context) => {
    const { sub, sid } = context.get('claims')
    return streamSSE(context, async (stream) => {
      await stream.writeSSE({ event: 'open', data: '{}' })
      const ended = Promise.withResolvers<void>()
      const watcher = { subject: sub, sid, end: ended.resolve }
      watchers.add(watcher)
      stream.onAbort(ended.resolve)
      await ended.promise
      watchers.delete(watcher)
      await stream.writeSSE({ event: 'end', data: '{"reason":"revoked"}' })
    })
  })

  function pageOn(query: Record<string, string>, limit: number): object {
    const ofLog = records.filter(({ log }) => log === (query.log ?? ownName))
    const found = ofLog.slice(Number(query.afterSequence)).filter((record) => matches(record, query))
    return { records: found.slice(0, limit).map(viewOf), ...rest() }
  }

  function pageBack(query: Record<string, string>, limit: number): object {
    const found: LoggedRecord[] = []
    let at = Math.min(records.length, Number(query.cursor ?? records.length + 1) - 1)
    while (at > 0 && found.length < limit) {
      at -= 1
      const record = records[at]
      if (record !== undefined && matches(record, query)) found.push(record)
    }
    return { records: found.reverse().map(viewOf), ...(at > 0 ? { cursor: String(at + 1) } : {}), ...rest() }
  }

  const rest = () => ({ nextAfter: String(records.length), unread })

  function logOf(name: string): AuditLog {
    const log = logs.get(name)
    if (log === undefined) throw new TypeError(`there is no log ${name}`)
    return log
  }

  return {
    app: app as unknown as Hono,
    cutOff(subject) {
      cutOff.add(subject)
      for (const watcher of watchers) if (watcher.subject === subject) watcher.end()
      for (const follower of followers) if (follower.subject === subject) follower.end()
    },
    cutOffSession(sid) {
      cutOff.add(sid)
      for (const watcher of watchers) if (watcher.sid === sid) watcher.end()
      for (const follower of followers) if (follower.sid === sid) follower.end()
    },
    fault,
    candidate,
    setUnread(now) {
      unread = now
      for (const follower of followers) follower.send('logs', { unread })
    },
    breakStreams() {
      for (const follower of followers) follower.end()
    },
    async append(event, log = ownName) {
      const record = { ...(await logOf(log).append({ requestId: randomUUID(), ...event })), log }
      records.push(record)
      for (const follower of followers) follower.send('record', viewOf(record))
      return record
    },
    async appendAll(events) {
      const written = await Promise.all(events.map((event) => logOf(ownName).append(event)))
      for (const record of written) records.push({ ...record, log: ownName })
    },
    async close() {
      for (const follower of followers) follower.end()
      await Promise.all([...logs.values()].map((log) => log.close()))
      await review.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Claims {
  sub: string
  sid: string
  scope: string
}

function keyIdOf(authorization: string | undefined): string {
  const header = authorization?.replace(/^Bearer /, '').split('.')[0] ?? ''
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid
}

function readClaims(authorization: string | undefined): Claims | undefined {
  const payload = authorization?.split('.')[1]
  return payload === undefined ? undefined : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims)
}

const viewOf = (record: LoggedRecord) => ({ ...record, time: record.event.time, line: humanLine(record.event) })

function matches(record: LoggedRecord, query: Record<string, string>): boolean {
  const { event } = record
  if (query.log !== undefined && query.log !== 'own' && record.log !== query.log) return false
  const { text, outcome } = query
  if (outcome === 'security' ? event.phase !== 'security' : outcome !== undefined && event.outcome !== outcome)
    return false
  for (const name of ['tool', 'requestId', 'subject'] as const) {
    if (query[name] !== undefined && event[name] !== query[name]) return false
  }
  return text === undefined || JSON.stringify(viewOf(record)).toLowerCase().includes(text.toLowerCase())
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

function accessOf(scopes: string[]) {
  return Object.entries(scopesOfTools).map(([name, { scope, description }]) => {
    const isAllowed = scope === undefined || scopes.includes(scope)
    return {
      name,
      description,
      scopes: scope === undefined ? [] : [scope],
      outcome: isAllowed ? 'allowed' : 'denied',
      policies: isAllowed ? [`people-with-${(scope ?? 'a-name').replace(':', '-')}`] : [],
      ...(isAllowed ? {} : { explanation: `Your access token lacks ${scope}, and no group of yours gives it.` }),
    }
  })
}

function readiness(isStale: boolean) {
  return {
    ready: !isStale,
    checks: [
      { name: 'policies', ready: true },
      { name: 'audit log', ready: true },
      { name: 'key sets', ready: true },
      {
        name: 'signal feeds',
        ready: !isStale,
        ageSeconds: isStale ? 9 : 0.14,
        ...(isStale ? { waitsFor: 'news from the authorization server' } : {}),
      },
    ],
  }
}

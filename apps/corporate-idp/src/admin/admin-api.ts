import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { type Directory, TakenError } from '../directory/directory.ts'
import { fullName, type Person } from '../directory/person.ts'
import { RequestError, readBody, sendJson, sendProblem } from '../http/messages.ts'
import type { PeopleChanges } from '../people-changes.ts'
import type { Reconciliation, ReconciliationOptions } from '../reconciliation.ts'
import type { Outbox } from '../signals/outbox.ts'
import { type Signal, signalKinds } from '../signals/signal.ts'
import { type AdminAuthentication, directoryAdminScope } from './authenticate-admin.ts'
import { readGroups, readNewPerson, readPersonChange, readReconciliation } from './read-person-change.ts'

export interface AdminApiOptions {
  authenticate(authorization: string | undefined): Promise<AdminAuthentication>
  directory: Directory
  outbox: Outbox
  peopleChanges: PeopleChanges
  /** Origins whose pages may call this API. */
  allowedOrigins: readonly string[]
  /** Absent: nobody is provisioned from here, so there is nothing to compare. */
  reconcile?(options: ReconciliationOptions): Promise<Reconciliation>
  /** Signs with a new key from now on; returns its id. */
  changeSigningKey(): Promise<string>
  log: Logger
}

/** The admin API under `/admin`. */
export function createAdminApi(options: AdminApiOptions) {
  const { authenticate, directory, outbox, peopleChanges, allowedOrigins, changeSigningKey, reconcile, log } = options

  async function route(request: IncomingMessage, response: ServerResponse, path: string, actor: string): Promise<void> {
    if (path === '/admin/people') {
      allow(request, response, ['GET', 'POST'])
      if (request.method === 'POST') await add(request, response, actor)
      else sendJson(response, 200, { people: directory.list().map(describePerson) })
    } else if (path === '/admin/reconciliation') {
      allow(request, response, ['POST'])
      await compareAll(request, response, actor)
    } else if (path.endsWith('/announcement')) {
      const person = findPerson(path.slice(0, -'/announcement'.length))
      allow(request, response, ['POST'])
      const signals = await peopleChanges.announce(person)
      log.info({ actor, username: person.username }, 'person announced')
      sendJson(response, 200, { ...describePerson(person), signals: signals.map(describeSignal) })
    } else if (path === '/admin/signing-key') {
      allow(request, response, ['POST'])
      const kid = await changeSigningKey()
      log.info({ actor, kid }, 'signing key changed')
      sendJson(response, 200, { kid })
    } else if (path === '/admin/groups') {
      allow(request, response, ['GET', 'POST'])
      if (request.method === 'POST') await addGroups(request, response, actor)
      else sendJson(response, 200, { groups: directory.groups() })
    } else {
      const person = findPerson(path)
      allow(request, response, ['GET', 'PATCH', 'DELETE'])
      if (request.method === 'PATCH') await change(request, response, person, actor)
      else if (request.method === 'DELETE') await remove(response, person, actor)
      else {
        const signals = outbox.pendingOf(person.username).map(describeSignal)
        sendJson(response, 200, { ...describePerson(person), signals })
      }
    }
  }

  function findPerson(path: string): Person {
    const name = /^\/admin\/people\/([^/]{1,200})$/.exec(path)?.[1]
    if (name === undefined) throw new RequestError(404, 'There is nothing here.')
    const person = directory.find(decode(name))
    if (person === undefined) throw new RequestError(404, 'Nobody has this user name.')
    return person
  }

  async function add(request: IncomingMessage, response: ServerResponse, actor: string): Promise<void> {
    const read = readNewPerson(await readBody(request, ['application/json']), directory.groups())
    if (read.outcome === 'refused') {
      sendProblem(response, 400, 'This person cannot be added', { problems: read.problems })
      return
    }
    const signals = await peopleChanges.add(read.person, read.password)
    log.info({ actor, username: read.person.username }, 'person added')
    sendJson(response, 201, {
      ...describePerson({ ...read.person, active: true }),
      signals: signals.map(describeSignal),
    })
  }

  async function remove(response: ServerResponse, person: Person, actor: string): Promise<void> {
    const signals = await peopleChanges.remove(person)
    log.info({ actor, username: person.username }, 'person removed')
    sendJson(response, 200, { username: person.username, signals: signals.map(describeSignal) })
  }

  async function addGroups(request: IncomingMessage, response: ServerResponse, actor: string): Promise<void> {
    const read = readGroups(await readBody(request, ['application/json']))
    if (read.outcome === 'refused') {
      sendProblem(response, 400, 'These groups cannot be added', { problems: read.problems })
      return
    }
    directory.addGroups(read.groups)
    log.info({ actor, groups: read.groups.length }, 'groups added')
    sendJson(response, 201, { groups: directory.groups() })
  }

  async function compareAll(request: IncomingMessage, response: ServerResponse, actor: string): Promise<void> {
    if (reconcile === undefined) return sendProblem(response, 409, 'Nobody is provisioned from here')
    const read = readReconciliation(await readBody(request, ['application/json']))
    if (read.outcome === 'refused') {
      sendProblem(response, 400, 'This comparison is not possible', { problems: read.problems })
      return
    }
    const result = await reconcile(read.options)
    log.info({ actor, dryRun: read.options.dryRun, drift: result.drift.length }, 'directory and Keycloak compared')
    sendJson(response, 200, result)
  }

  async function change(
    request: IncomingMessage,
    response: ServerResponse,
    person: Person,
    actor: string,
  ): Promise<void> {
    const body = await readBody(request, ['application/json', 'application/merge-patch+json'])
    const read = readPersonChange(body, directory.groups())
    if (read.outcome === 'refused') {
      sendProblem(response, 400, 'This change is not possible', { problems: read.problems })
      return
    }
    const startedAt = performance.now()
    const { person: changed, signals } = await peopleChanges.change(person, read.change)
    const ms = Math.round(performance.now() - startedAt)
    const { password, ...shown } = read.change
    const logged = password === undefined ? shown : { ...shown, password: 'reset' }
    log.info({ actor, username: person.username, change: logged, ms }, 'person changed')
    sendJson(response, 200, { ...describePerson(changed), ms, signals: signals.map(describeSignal) })
  }

  /** @returns Whether the path belongs to the admin API. */
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> => {
    if (path !== '/admin' && !path.startsWith('/admin/')) return false
    if (answerPreflight(request, response, allowedOrigins)) return true
    const authentication = await authenticate(request.headers.authorization)
    if (authentication.outcome === 'refused') {
      log.warn({ reason: authentication.reason, path }, 'admin API refused')
      refuse(response, authentication)
      return true
    }
    try {
      await route(request, response, path, authentication.actor)
    } catch (error) {
      if (error instanceof TakenError) sendProblem(response, 409, error.message)
      else if (error instanceof RequestError) sendProblem(response, error.status, error.message)
      else throw error
    }
    return true
  }
}

function allow(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void {
  if (methods.includes(request.method ?? '')) return
  response.setHeader('allow', methods.join(', '))
  throw new RequestError(405, `Use ${methods.join(' or ')}.`)
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new RequestError(404, 'Nobody has this user name.')
  }
}

function answerPreflight(
  request: IncomingMessage,
  response: ServerResponse,
  allowedOrigins: readonly string[],
): boolean {
  const { origin } = request.headers
  response.setHeader('vary', 'origin')
  if (origin !== undefined && allowedOrigins.includes(origin)) {
    response.setHeader('access-control-allow-origin', origin)
    response.setHeader('access-control-allow-headers', 'authorization, content-type')
    response.setHeader('access-control-allow-methods', 'GET, PATCH')
    response.setHeader('access-control-max-age', '600')
  }
  if (request.method !== 'OPTIONS') return false
  response.writeHead(204).end()
  return true
}

function refuse(
  response: ServerResponse,
  { status, code, reason }: AdminAuthentication & { outcome: 'refused' },
): void {
  const scope = code === 'insufficient_scope' ? `, scope="${directoryAdminScope}"` : ''
  response.setHeader('www-authenticate', `Bearer realm="company directory"${code ? `, error="${code}"` : ''}${scope}`)
  const titles = { 400: 'Malformed credentials', 401: 'Credentials needed', 403: 'Not allowed' }
  sendProblem(response, status, titles[status], { detail: code === undefined ? 'Send an access token.' : reason })
}

function describePerson(person: Person) {
  const { username, subject, email, department, zoneinfo, country, groups, active, lastSignedInAtMs } = person
  return {
    username,
    subject,
    name: fullName(person),
    email,
    department,
    zoneinfo,
    country,
    groups,
    active,
    ...(lastSignedInAtMs === undefined ? {} : { lastSignedInAt: new Date(lastSignedInAtMs).toISOString() }),
  }
}

function describeSignal({ kind, state, attempts, createdAtMs, finishedAtMs, remark }: Signal) {
  return {
    signal: kind,
    description: signalKinds[kind],
    state,
    attempts,
    ...(finishedAtMs === undefined ? {} : { ms: finishedAtMs - createdAtMs }),
    ...(remark === undefined ? {} : { remark }),
  }
}

import { type AuditRecord, humanLine, pagesOfRecords } from '@mcp-identity/audit-log'
import type { PolicyEngine } from '@mcp-identity/policy'
import { describeUser, realmUser } from '@mcp-identity/policy/access-review'
import type { CutOff, KeycloakAdminClient, TokenFacts } from '@mcp-identity/shared-signals'
import { z } from 'zod'
import { NoRealmError } from './access-reviews.ts'
import { present } from './audit-events.ts'
import { type AuditLogs, inOrderOfTime, type LoggedRecord, readLogs, type UnreadLog } from './audit-logs.ts'

/** What a person did lately, what still refers to her, and whether anything works any more. */
export interface LeaverReport {
  /** ISO instant at which all of it was asked. */
  at: string
  person: { subject: string; username: string; name?: string; email?: string; department?: string }
  /** What the realm says about the account now. */
  account: {
    isEnabled: boolean
    /** Tokens issued until then are refused by the authorization server. */
    notBefore: string | null
    sessions: { startedAt: string; lastAccessAt: string; clients: string[] }[]
  }
  activity: {
    /** ISO instant, 30 days before `at`. */
    since: string
    tools: { tool: string; allowed: number; refused: number; lastAt: string }[]
    /** The newest 50 records about her, as sentences, the newest first. */
    latest: { log: string; sequence: number; time: string; line: string }[]
    records: number
    /** Logs of other replicas that could not be read: what she did there is missing. */
    unread: UnreadLog[]
  }
  /** What would take effect again, or has to be handed over. */
  references: { where: string; what: string }[]
  /** Each asked now, not remembered. */
  checks: LeaverCheck[]
  /** Every check is right. */
  nothingWorks: boolean
}

export interface LeaverCheck {
  check: string
  isRight: boolean
  found: string
}

export interface LeaverReports {
  /** @param name User name, e-mail address or subject. @throws {UnknownPersonError} The realm has no such account. */
  about(name: string): Promise<LeaverReport>
}

/** The realm has no account of that name. */
export class UnknownPersonError extends Error {
  constructor(name: string) {
    super(`The realm has no account ${name}: it has never signed in, or was deleted.`)
    this.name = 'UnknownPersonError'
  }
}

export interface LeaverReportsParts {
  realm: { issuer: string; resource: string; admin: KeycloakAdminClient } | undefined
  engine: PolicyEngine
  logs: AuditLogs
  cutOffs: { list(limit: number): readonly CutOff[]; reasonRefused(token: TokenFacts): string | undefined }
  maxTokenLifetimeSeconds: number
  /** Seconds since the epoch. */
  clock?: () => number
}

const days = 30
const latestShown = 50

export function createLeaverReports(parts: LeaverReportsParts): LeaverReports {
  const { realm, engine, logs, cutOffs, maxTokenLifetimeSeconds, clock = () => Date.now() / 1000 } = parts

  async function about(name: string): Promise<LeaverReport> {
    if (realm === undefined) throw new NoRealmError()
    const { issuer, admin } = realm
    const user = await findUser(admin, name)
    const path = `/users/${user.id}`
    const [sessions, groups, consents, { records, unread }] = await Promise.all([
      admin.get(`${path}/sessions`).then((answer) => sessionsSchema.parse(answer)),
      admin.get(`${path}/groups`).then((answer) => namedSchema.parse(answer)),
      admin.get(`${path}/consents`).then((answer) => consentsSchema.parse(answer)),
      recordsOf(issuer, user.id),
    ])
    const now = clock()
    const sinceSeconds = now - days * 86_400
    const recent = records.filter(({ event }) => Date.parse(event.time) / 1000 >= sinceSeconds)
    const checks = check({ issuer, user, sessions, records, unread, now })
    return {
      at: isoOf(now),
      person: describePerson(user),
      account: {
        isEnabled: user.enabled,
        notBefore: user.notBefore > 0 ? isoOf(user.notBefore) : null,
        sessions: sessions.map(({ start, lastAccess, clients }) => ({
          startedAt: isoOf(start / 1000),
          lastAccessAt: isoOf(lastAccess / 1000),
          clients: Object.values(clients),
        })),
      },
      activity: {
        since: isoOf(sinceSeconds),
        tools: useByTool(recent),
        latest: recent
          .slice(-latestShown)
          .reverse()
          .map(({ log, sequence, event }) => ({ log, sequence, time: event.time, line: humanLine(event) })),
        records: recent.length,
        unread,
      },
      references: [
        ...groups.map((group) => ({ where: 'group in the realm', what: group.name })),
        ...user.federatedIdentities.map(({ identityProvider, userName }) => ({
          where: 'link to an identity provider',
          what: `${identityProvider}, as ${userName}`,
        })),
        ...consents.map(({ clientId }) => ({ where: 'consent', what: clientId })),
        ...policiesNaming(engine, [user.id, user.username, user.email]).map((policy) => ({
          where: 'policy that names the account',
          what: policy,
        })),
      ],
      checks,
      nothingWorks: checks.every(({ isRight }) => isRight),
    }
  }

  async function recordsOf(issuer: string, subject: string): Promise<{ records: LoggedRecord[]; unread: UnreadLog[] }> {
    const { read, unread } = await readLogs(logs, async (log) => {
      const found: AuditRecord[] = []
      for await (const records of pagesOfRecords(log.query, { subject }))
        found.push(...records.filter(({ event }) => event.issuer === issuer))
      return found
    })
    return { records: inOrderOfTime(read), unread }
  }

  function check({ issuer, user, sessions, records, unread, now }: Findings): LeaverCheck[] {
    const cutOff = cutOffs
      .list(10_000)
      .filter((one) => one.issuer === issuer && one.subject === user.id && one.sessionId === undefined)
      .sort((a, b) => b.notBefore - a.notBefore)[0]
    const allowed = records.filter(({ event }) => event.phase === 'decision' && event.outcome === 'allowed')
    const lastAllowedAt = allowed.map(({ event }) => Date.parse(event.time) / 1000).at(-1)
    const refusedSince = records.filter(
      ({ event }) => event.outcome === 'refused' && Date.parse(event.time) / 1000 >= (cutOff?.notBefore ?? now),
    )
    const oldTokens = lastAllowedAt === undefined || lastAllowedAt + maxTokenLifetimeSeconds < now
    const probe: TokenFacts = { issuer, subject: user.id, issuedAt: lastAllowedAt, caller: { email: user.email } }
    const refusal = cutOffs.reasonRefused(probe)
    return [
      {
        check: 'every audit log was read',
        isRight: unread.length === 0,
        found: unread.map(({ log, problem }) => `${log ?? 'replicas'}: ${problem}`).join('; ') || 'all of them',
      },
      {
        check: 'the account is disabled at the authorization server',
        isRight: !user.enabled,
        found: user.enabled ? 'it is enabled' : 'disabled',
      },
      {
        check: 'the account has no session',
        isRight: sessions.length === 0,
        found: sessions.length === 0 ? 'none' : `${sessions.length} open`,
      },
      {
        check: 'a token like the last one that was used is refused here',
        isRight: oldTokens || refusal !== undefined,
        found: oldTokens
          ? 'no token can be alive any more'
          : refusal === undefined
            ? 'it would be accepted'
            : `refused: ${refusal}`,
      },
      {
        check: 'no call was allowed since access was cut off',
        isRight:
          cutOff === undefined ? oldTokens : lastAllowedAt === undefined || lastAllowedAt <= cutOff.notBefore + 1,
        found:
          cutOff === undefined
            ? oldTokens
              ? 'no cut-off is needed'
              : 'access was not cut off'
            : `cut off ${isoOf(cutOff.notBefore)} (${cutOff.cause}), last allowed call ${lastAllowedAt === undefined ? 'never' : isoOf(lastAllowedAt)}, ${refusedSince.length} refused since`,
      },
    ]
  }

  return { about }
}

interface Findings {
  issuer: string
  user: User
  sessions: readonly unknown[]
  records: readonly LoggedRecord[]
  unread: readonly UnreadLog[]
  now: number
}

async function findUser(admin: KeycloakAdminClient, name: string): Promise<User> {
  const wanted = encodeURIComponent(name)
  const searches = [`/users?username=${wanted}&exact=true`, `/users?email=${wanted}&exact=true`]
  for (const search of searches) {
    const [found] = z.array(z.object({ id: z.string() })).parse(await admin.get(search))
    if (found !== undefined) return userSchema.parse(await admin.get(`/users/${found.id}`))
  }
  if (!z.uuid().safeParse(name).success) throw new UnknownPersonError(name)
  try {
    return userSchema.parse(await admin.get(`/users/${name}`))
  } catch (cause) {
    if ((cause as { status?: number }).status === 404) throw new UnknownPersonError(name)
    throw cause
  }
}

function useByTool(records: readonly LoggedRecord[]): LeaverReport['activity']['tools'] {
  const tools = new Map<string, LeaverReport['activity']['tools'][number]>()
  for (const { event } of records) {
    if (event.phase !== 'decision' || event.tool === undefined) continue
    const use = tools.get(event.tool) ?? { tool: event.tool, allowed: 0, refused: 0, lastAt: event.time }
    if (event.outcome === 'allowed') use.allowed++
    else use.refused++
    tools.set(event.tool, { ...use, lastAt: event.time })
  }
  return [...tools.values()]
}

/** A policy about one person outlives the person. */
function policiesNaming(engine: PolicyEngine, names: readonly (string | undefined)[]): string[] {
  const known = names.filter((one) => one !== undefined && one !== '').map((one) => JSON.stringify(one).slice(1, -1))
  return [...engine.policies.values()]
    .filter(({ json }) => {
      const literals = stringsIn([json.principal, json.resource, json.conditions])
      return known.some((one) => literals.some((literal) => literal.split(/\s/).includes(one ?? '')))
    })
    .map(({ name }) => name)
}

function stringsIn(part: unknown): string[] {
  if (typeof part === 'string') return [part]
  return typeof part === 'object' && part !== null ? Object.values(part).flatMap(stringsIn) : []
}

function describePerson(user: User): LeaverReport['person'] {
  const { name, email, department } = describeUser(user)
  return { subject: user.id, username: user.username, ...present({ name, email, department }) }
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

const userSchema = realmUser.extend({
  notBefore: z.number().default(0),
  federatedIdentities: z.array(z.object({ identityProvider: z.string(), userName: z.string() })).default([]),
})
type User = z.output<typeof userSchema>
const sessionsSchema = z.array(
  z.object({ start: z.number(), lastAccess: z.number(), clients: z.record(z.string(), z.string()).default({}) }),
)
const namedSchema = z.array(z.object({ name: z.string() }))
const consentsSchema = z.array(z.object({ clientId: z.string() }))

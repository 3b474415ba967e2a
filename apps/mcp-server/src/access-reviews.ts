import { pagesOfRecords } from '@mcp-identity/audit-log'
import type { PolicyEngine } from '@mcp-identity/policy'
import {
  type AccessReview,
  type Campaign,
  type CampaignSummary,
  campaignFiles,
  type EvidenceKey,
  type MarkRequest,
  openEvidenceKey,
  openReviewStore,
  type Reviewer,
  type ReviewScope,
  type ReviewStore,
  readRealmAccess,
  reviewAccess,
  reviewFiles,
  type SignedEvidence,
  signEvidence,
} from '@mcp-identity/policy/access-review'
import type { KeycloakAdminClient } from '@mcp-identity/shared-signals'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { UnreadLog } from './audit-logs.ts'
import type { AuditTrail } from './audit-trail.ts'
import { scopesSupported } from './scopes.ts'

/** Puts a step on record, durably, before it counts. */
export type RecordStep = (action: string, details: Readonly<Record<string, unknown>>) => Promise<void>

/** A campaign as it stands today. */
export interface CampaignToday extends Campaign {
  /** Ids of revoked grants that somebody still has: the directory or the policies have yet to be changed. */
  stillGranted: string[]
}

/** Who has access and why, and what reviewers said about it. */
export interface AccessReviews {
  /** @throws The realm cannot be read. */
  current(): Promise<AccessReview>
  campaigns(): Promise<CampaignSummary[]>
  /** @throws {ReviewError} There is none. */
  campaign(id: string): Promise<CampaignToday>
  /** @throws {ReviewError} */
  start(scope: ReviewScope, title: string | undefined, by: Reviewer, record: RecordStep): Promise<Campaign>
  /** @throws {ReviewError} */
  mark(request: MarkRequest, record: RecordStep): Promise<Campaign>
  /** @throws {ReviewError} */
  signOff(id: string, by: Reviewer, record: RecordStep): Promise<Campaign>
  /** Of a campaign that is signed off, as it was signed then; of an open one, or of what access is now, as it is now. */
  evidence(campaign: string | undefined): Promise<SignedEvidence>
  /**
   * Keeps the roles that a verified token told: some of them the realm shows only to who may read every secret.
   * Undefined: it told nothing new.
   */
  learn(token: VerifiedAccessToken): Promise<void> | undefined
  /** Takes what was used by now, as this replica's log tells it, into the store. */
  catchUp(): Promise<void>
  /** Permissions changed, of one account, of a group's members, or of everybody: what tokens told before is forgotten. */
  forgetRoles: ReviewStore['forgetRoles']
  readonly key: EvidenceKey
  close(): Promise<void>
}

export interface AccessReviewsParts {
  /** Of the key that signs evidence. */
  evidenceKeyFile: string
  /** Where campaigns and use are kept, as `openReviewStore` takes it. */
  place: string
  /** How often use is read from the audit log although nobody asks: others may ask elsewhere. Default: never. */
  catchUpEveryMs?: number | undefined
  engine: PolicyEngine
  auditTrail: Pick<AuditTrail, 'query'>
  /** Has other replicas do what {@link AccessReviews.catchUp} does. @returns who could not be asked. */
  catchUpOthers(): Promise<UnreadLog[]>
  /** Absent: no realm can be asked. */
  realm: { issuer: string; resource: string; admin: KeycloakAdminClient } | undefined
  /** Seconds since the epoch. */
  clock?: () => number
}

const mostRemembered = 10_000

/** No realm is configured, so nobody knows who has access. */
export class NoRealmError extends Error {
  constructor() {
    super('No realm can be asked who has access: name one in MCP_SIGNALS, keycloakEvents.')
    this.name = 'NoRealmError'
  }
}

export async function openAccessReviews(parts: AccessReviewsParts): Promise<AccessReviews> {
  const { place, catchUpEveryMs, engine, auditTrail, realm, clock = () => Date.now() / 1000 } = parts
  const key = await openEvidenceKey(parts.evidenceKeyFile)
  const store = await openReviewStore(place, clock)
  let catchingUp: Promise<void> | undefined

  /** Use is read from the audit log onward from where the last review stopped; several reviews share one reading. */
  function catchUp(): Promise<void> {
    catchingUp ??= takeInUse().finally(() => {
      catchingUp = undefined
    })
    return catchingUp
  }

  async function takeInUse(): Promise<void> {
    const [[first], [newest]] = await Promise.all([
      auditTrail.query({ afterSequence: 0, limit: 1 }),
      auditTrail.query({ limit: 1 }),
    ])
    if (first === undefined || newest === undefined) return
    // Each replica has a log of its own, and its first record is like no other.
    const log = first.hash
    if (newest.sequence < (await store.usedUntil(log))) await store.forgetUse(log)
    const afterSequence = await store.usedUntil(log)
    for await (const records of pagesOfRecords(auditTrail.query, { afterSequence, sealed: true }))
      await store.takeInUse(log, records)
  }

  const catchingUpRegularly =
    catchUpEveryMs === undefined ? undefined : setInterval(() => void catchUp().catch(() => {}), catchUpEveryMs).unref()

  async function current(): Promise<AccessReview> {
    if (realm === undefined) throw new NoRealmError()
    const { issuer, resource, admin } = realm
    const [unread] = await Promise.all([parts.catchUpOthers(), catchUp()])
    const [seen, uses] = await Promise.all([store.seen(issuer), store.uses()])
    const seenBy = new Map(seen.map((account) => [account.subject, account]))
    const useBy = new Map(uses.map((use) => [nameOfUse(use.issuer, use.subject, use.tool), use]))
    const seenOf = (subject: string) => seenBy.get(subject)
    const access = await readRealmAccess({ issuer, resource, get: admin.get, seenOf })
    const review = reviewAccess({ engine, realm: access, useOf: (...use) => useBy.get(nameOfUse(...use)), at: clock() })
    return { ...review, warnings: [...review.warnings, ...unread.map(warnOf)] }
  }

  const learnt = new WeakSet<VerifiedAccessToken>()
  /** What was told last of an account: most tokens say nothing new. */
  const told = new Map<string, string>()

  function learn(token: VerifiedAccessToken): Promise<void> | undefined {
    if (learnt.has(token)) return undefined
    learnt.add(token)
    const { issuer, subject, clientId, caller, issuedAt } = token
    const roles = caller.roles.filter((role) => scopesSupported.includes(role))
    const account = JSON.stringify([issuer, subject])
    const news = JSON.stringify([clientId, roles])
    if (told.get(account) === news) return undefined
    if (told.size >= mostRemembered) told.clear()
    told.set(account, news)
    const groups = groupsOf(token)
    const at = new Date(issuedAt * 1000).toISOString()
    return store.seeRoles(issuer, subject, { clientId, roles, groups: groups === undefined ? null : [...groups], at })
  }

  async function today(campaign: Campaign): Promise<CampaignToday> {
    const revoked = campaign.items.filter(({ mark }) => mark?.verdict === 'revoke').map(({ id }) => id)
    if (revoked.length === 0) return { ...campaign, stillGranted: [] }
    const { accounts } = await current()
    const granted = new Set(accounts.filter((one) => one.isEnabled).flatMap(({ grants }) => grants.map(({ id }) => id)))
    return { ...campaign, stillGranted: revoked.filter((id) => granted.has(id)) }
  }

  return {
    current,
    catchUp,
    campaigns: store.list,
    campaign: async (id) => today(await store.read(id)),
    async start(scope, title, by, record) {
      const review = await current()
      const name = title ?? titleOf(scope, review.at)
      await record('access_review_started', { scope, title: name })
      return store.start(review, scope, name, by)
    },
    async mark(request, record) {
      await store.checkMark(request)
      const { campaign, items, verdict, reason } = request
      await record('access_grant_marked', {
        campaign,
        verdict,
        reason,
        grants: grantsOf(await store.read(campaign), items),
      })
      return store.mark(request)
    },
    async signOff(id, by, record) {
      const open = await store.checkSignOff(id)
      const signed: Campaign = {
        ...open,
        state: 'signed off',
        signedOffBy: by,
        signedOffAt: new Date(clock() * 1000).toISOString(),
      }
      const evidence = await signEvidence(campaignFiles(signed), { subject: `campaign ${id}`, at: clock() }, key)
      await record('access_review_signed_off', { campaign: id, title: open.title, grants: open.items.length })
      await store.signOff(signed, evidence)
      return signed
    },
    async evidence(id) {
      if (id === undefined) {
        const review = await current()
        return signEvidence(reviewFiles(review), { subject: `access at ${review.at}`, at: clock() }, key)
      }
      const campaign = await store.read(id)
      if (campaign.state === 'signed off') return store.evidenceOf(id)
      return signEvidence(campaignFiles(campaign), { subject: `open campaign ${id}`, at: clock() }, key)
    },
    learn,
    async forgetRoles(issuer, whose) {
      told.clear()
      await store.forgetRoles(issuer, whose)
    },
    key,
    async close() {
      clearInterval(catchingUpRegularly)
      await catchingUp?.catch(() => {})
      await store.close()
    },
  }
}

function warnOf({ log, problem }: UnreadLog): string {
  return `What was used lately at ${log ?? 'other replicas'} is missing: ${problem}.`
}

/** No group can give a service anything; of others, groups that a token left out are unknown. */
export function groupsOf({ caller }: VerifiedAccessToken): readonly string[] | undefined {
  return caller.kind === 'service' ? (caller.groups ?? []) : caller.groups
}

function nameOfUse(issuer: string, subject: string, tool: string): string {
  return JSON.stringify([issuer, subject, tool])
}

function titleOf(scope: ReviewScope, at: string): string {
  const about = scope.kind === 'everything' ? 'All access' : `${scope.kind} ${scope.name}`
  return `${about}, ${at.slice(0, 10)}`
}

function grantsOf(campaign: Campaign, items: readonly string[]): { subject: string; tool: string }[] {
  return campaign.items.filter(({ id }) => items.includes(id)).map(({ subject, tool }) => ({ subject, tool }))
}

import { randomUUID } from 'node:crypto'
import { openSqlDatabase } from '../store/open-sql-database.ts'
import type { SqlSchema, SqlSession } from '../store/sql-database.ts'
import type { SeenRoles } from './realm-accounts.ts'
import type { AccessReview, ToolUse } from './review-access.ts'
import { type CampaignItem, itemsInScope, type ReviewScope } from './review-scope.ts'
import type { SignedEvidence } from './verify-evidence.ts'

/** Who reviews. */
export interface Reviewer {
  issuer: string
  subject: string
  name?: string
  email?: string
}

/** What a reviewer said about one grant. The newest mark of an item counts; earlier ones stay on record. */
export interface ReviewMark {
  verdict: 'approve' | 'revoke'
  /** 3 to 500 characters. */
  reason: string
  by: Reviewer
  /** ISO instant. */
  at: string
}

/** A grant in a campaign, as it was when the campaign began, and what was said about it. */
export interface MarkedItem extends CampaignItem {
  mark: ReviewMark | null
  /** Earlier marks, the oldest first. */
  earlierMarks: ReviewMark[]
}

/** A review of all grants in a scope: begun, marked grant by grant, and signed off. */
export interface Campaign {
  id: string
  title: string
  scope: ReviewScope
  startedBy: Reviewer
  startedAt: string
  state: 'open' | 'signed off'
  signedOffBy: Reviewer | null
  signedOffAt: string | null
  /** Of the review that the items were taken from. */
  reviewedAt: string
  issuer: string
  resource: string
  policyVersion: string
  items: MarkedItem[]
}

export interface CampaignSummary extends Omit<Campaign, 'items'> {
  items: number
  approved: number
  revoked: number
}

/** Why a step of a review did not happen. */
export class ReviewError extends Error {
  readonly reason:
    | 'unknown_campaign'
    | 'unknown_item'
    | 'empty_scope'
    | 'signed_off'
    | 'own_access'
    | 'unmarked_items'
    | 'not_signed_off'

  constructor(reason: ReviewError['reason'], message: string) {
    super(message)
    this.name = 'ReviewError'
    this.reason = reason
  }
}

export interface MarkRequest {
  campaign: string
  items: readonly string[]
  verdict: ReviewMark['verdict']
  reason: string
  by: Reviewer
}

/** An audit record, as far as use is read from it. */
export interface UseRecord {
  sequence: number
  event: {
    time: string
    phase: string
    tool?: string | undefined
    outcome: string
    issuer?: string | undefined
    subject?: string | undefined
  }
}

/** The newest word about one account: what a token said of its roles. */
export interface SeenAccount extends SeenRoles {
  subject: string
}

/** How somebody used a tool. */
export interface UsedTool extends ToolUse {
  issuer: string
  subject: string
  tool: string
}

/**
 * Campaigns, marks and sign-offs, and when each tool was last used. Each step is on disk when it resolves. Marks are
 * only ever added. The `check…` functions say whether a step could happen, so that it can be put on record before it
 * counts.
 */
export interface ReviewStore {
  /** @throws {ReviewError} Nothing is in the scope. */
  start(review: AccessReview, scope: ReviewScope, title: string, by: Reviewer): Promise<Campaign>
  /** The newest first. */
  list(): Promise<CampaignSummary[]>
  /** @throws {ReviewError} There is none. */
  read(id: string): Promise<Campaign>
  /** @throws {ReviewError} */
  checkMark(request: MarkRequest): Promise<void>
  /** Marks all the items, or none. @throws {ReviewError} */
  mark(request: MarkRequest): Promise<Campaign>
  /** @throws {ReviewError} Items are unmarked, or it is signed off already. */
  checkSignOff(id: string): Promise<Campaign>
  /** @param evidence Made of the campaign as it will be read from now on; kept with it. @throws {ReviewError} */
  signOff(campaign: Campaign, evidence: SignedEvidence): Promise<void>
  /** @throws {ReviewError} The campaign is not signed off. */
  evidenceOf(id: string): Promise<SignedEvidence>
  /** Takes in records that follow the last one taken in of this log. */
  takeInUse(log: string, records: readonly UseRecord[]): Promise<void>
  /** Sequence of the last record that was taken in of a log. */
  usedUntil(log: string): Promise<number>
  /** Of all logs together. */
  uses(): Promise<UsedTool[]>
  /** Keeps what a token said; an older one than is kept changes nothing. */
  seeRoles(issuer: string, subject: string, seen: SeenRoles): Promise<void>
  seen(issuer: string): Promise<SeenAccount[]>
  /** Forgets what tokens said: permissions changed since, of one account, of a group's members, or of everybody. */
  forgetRoles(issuer: string, whose: { subject?: string | undefined; group?: string | undefined }): Promise<void>
  /** Forgets the use that a log told: it is another one than before. */
  forgetUse(log: string): Promise<void>
  close(): Promise<void>
}

const schema: SqlSchema = {
  name: 'access reviews',
  migrations: [
    // What tokens said may be forgotten: files from before the first version hold less of it.
    `
  DROP TABLE IF EXISTS seen_roles;
  CREATE TABLE IF NOT EXISTS campaign (
    id TEXT PRIMARY KEY, started_at TEXT NOT NULL, head TEXT NOT NULL,
    signed_off_at TEXT, signed_off_by TEXT, evidence TEXT
  );
  CREATE TABLE IF NOT EXISTS item (
    campaign TEXT NOT NULL REFERENCES campaign (id), id TEXT NOT NULL, position INTEGER NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (campaign, id)
  );
  CREATE TABLE IF NOT EXISTS mark (
    sequence INTEGER PRIMARY KEY, campaign TEXT NOT NULL, item TEXT NOT NULL, content TEXT NOT NULL,
    FOREIGN KEY (campaign, item) REFERENCES item (campaign, id)
  );
  CREATE INDEX IF NOT EXISTS mark_by_item ON mark (campaign, item, sequence);
  CREATE TABLE seen_roles (
    issuer TEXT NOT NULL, subject TEXT NOT NULL, client_id TEXT NOT NULL, roles TEXT NOT NULL, groups TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (issuer, subject)
  );`,
    // Use is told by several logs; it is read from them anew.
    `
  DROP TABLE IF EXISTS tool_use;
  DROP TABLE IF EXISTS use_cursor;
  CREATE TABLE used_tool (
    log TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, tool TEXT NOT NULL,
    last_allowed_at TEXT, allowed INTEGER NOT NULL, refused INTEGER NOT NULL,
    PRIMARY KEY (log, issuer, subject, tool)
  );
  CREATE TABLE used_until (log TEXT PRIMARY KEY, sequence BIGINT NOT NULL);`,
  ],
}

type Head = Omit<Campaign, 'state' | 'signedOffBy' | 'signedOffAt' | 'items'>

interface SeenRow {
  subject: string
  client_id: string
  roles: string
  groups: string
  at: string
}

interface UseRow {
  issuer: string
  subject: string
  tool: string
  last_allowed_at: string | null
  allowed: number
  refused: number
}

interface CampaignRow {
  head: string
  signed_off_at: string | null
  signed_off_by: string | null
  evidence: string | null
}

/**
 * Opens where reviews are kept: a file of SQLite, made when it is not there; `:memory:`, which keeps nothing; or
 * `postgres://…`, which replicas share.
 *
 * @param clock Seconds since the epoch. Default: the system's clock.
 * @throws {Error} It cannot be opened or reached, is no database, or was written by a newer version.
 */
export async function openReviewStore(
  place: string,
  clock: () => number = () => Date.now() / 1000,
): Promise<ReviewStore> {
  const database = await openSqlDatabase(place, schema)
  const now = (): string => new Date(clock() * 1000).toISOString()

  async function read(id: string, session: SqlSession = database): Promise<Campaign> {
    const row = await rowOf(id, session)
    const marks = new Map<string, ReviewMark[]>()
    const marked = 'SELECT item, content FROM mark WHERE campaign = $1 ORDER BY sequence'
    for (const { item, content } of await session.all<{ item: string; content: string }>(marked, id)) {
      marks.set(item, [...(marks.get(item) ?? []), JSON.parse(content)])
    }
    const items = 'SELECT content FROM item WHERE campaign = $1 ORDER BY position'
    return {
      ...(JSON.parse(row.head) as Head),
      state: row.signed_off_at === null ? 'open' : 'signed off',
      signedOffBy: row.signed_off_by === null ? null : JSON.parse(row.signed_off_by),
      signedOffAt: row.signed_off_at,
      items: (await session.all<{ content: string }>(items, id)).map(({ content }) =>
        withMarks(JSON.parse(content), marks),
      ),
    }
  }

  async function rowOf(id: string, session: SqlSession): Promise<CampaignRow> {
    const select = 'SELECT head, signed_off_at, signed_off_by, evidence FROM campaign WHERE id = $1'
    const [row] = await session.all<CampaignRow>(select, id)
    if (row === undefined) throw new ReviewError('unknown_campaign', 'There is no such campaign.')
    return row
  }

  async function checkMark({ campaign: id, items, by }: MarkRequest, session: SqlSession = database): Promise<void> {
    const campaign = await read(id, session)
    if (campaign.state === 'signed off') throw new ReviewError('signed_off', 'The campaign is signed off.')
    for (const wanted of items) {
      const item = campaign.items.find((one) => one.id === wanted)
      if (item === undefined) throw new ReviewError('unknown_item', `The campaign has no item ${wanted}.`)
      if (item.issuer === by.issuer && item.subject === by.subject)
        throw new ReviewError('own_access', 'Somebody else has to review your own access.')
    }
  }

  async function checkSignOff(id: string, session: SqlSession = database): Promise<Campaign> {
    const campaign = await read(id, session)
    if (campaign.state === 'signed off') throw new ReviewError('signed_off', 'The campaign is signed off already.')
    const open = campaign.items.filter(({ mark }) => mark === null).length
    if (open > 0)
      throw new ReviewError('unmarked_items', `${open} of ${campaign.items.length} grants are not marked yet.`)
    return campaign
  }

  return {
    start: (review, scope, title, by) =>
      database.transaction(async (session) => {
        const items = itemsInScope(review, scope)
        if (items.length === 0) throw new ReviewError('empty_scope', 'Nobody has access within this scope.')
        const { at: reviewedAt, issuer, resource, policyVersion } = review
        const id = randomUUID()
        const startedAt = now()
        const head: Head = { id, title, scope, startedBy: by, startedAt, reviewedAt, issuer, resource, policyVersion }
        const begin = 'INSERT INTO campaign (id, started_at, head) VALUES ($1, $2, $3)'
        await session.run(begin, id, startedAt, JSON.stringify(head))
        const add = 'INSERT INTO item (campaign, id, position, content) VALUES ($1, $2, $3, $4)'
        for (const [position, item] of items.entries()) {
          await session.run(add, id, item.id, position, JSON.stringify(item))
        }
        return read(id, session)
      }),
    async list() {
      const ids = await database.all<{ id: string }>('SELECT id FROM campaign ORDER BY started_at DESC, id')
      const campaigns = await Promise.all(ids.map(({ id }) => read(id)))
      return campaigns.map(({ items, ...campaign }) => ({
        ...campaign,
        items: items.length,
        approved: items.filter((item) => item.mark?.verdict === 'approve').length,
        revoked: items.filter((item) => item.mark?.verdict === 'revoke').length,
      }))
    },
    read: (id) => read(id),
    checkMark: (request) => checkMark(request),
    mark: (request) =>
      database.transaction(async (session) => {
        await checkMark(request, session)
        const { campaign, items, verdict, reason, by } = request
        const content = JSON.stringify({ verdict, reason, by, at: now() } satisfies ReviewMark)
        const add = `INSERT INTO mark (sequence, campaign, item, content)
          SELECT coalesce(max(sequence), 0) + 1, $1, $2, $3 FROM mark`
        for (const item of new Set(items)) await session.run(add, campaign, item, content)
        return read(campaign, session)
      }),
    checkSignOff: (id) => checkSignOff(id),
    signOff: ({ id, signedOffAt, signedOffBy }, evidence) =>
      database.transaction(async (session) => {
        await checkSignOff(id, session)
        const end = 'UPDATE campaign SET signed_off_at = $2, signed_off_by = $3, evidence = $4 WHERE id = $1'
        await session.run(end, id, signedOffAt, JSON.stringify(signedOffBy), JSON.stringify(evidence))
      }),
    async evidenceOf(id) {
      const { evidence } = await rowOf(id, database)
      if (evidence === null) throw new ReviewError('not_signed_off', 'The campaign is not signed off yet.')
      return JSON.parse(evidence)
    },
    takeInUse: (log, records) =>
      database.transaction(async (session) => {
        const add = `INSERT INTO used_tool (log, issuer, subject, tool, last_allowed_at, allowed, refused)
          VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (log, issuer, subject, tool) DO UPDATE SET
            last_allowed_at = coalesce(excluded.last_allowed_at, used_tool.last_allowed_at),
            allowed = used_tool.allowed + excluded.allowed, refused = used_tool.refused + excluded.refused`
        for (const { issuer, subject, tool, lastAllowedAt, allowedCalls, refusedCalls } of usesIn(records)) {
          await session.run(add, log, issuer, subject, tool, lastAllowedAt ?? null, allowedCalls, refusedCalls)
        }
        const move = `INSERT INTO used_until (log, sequence) VALUES ($1, $2)
          ON CONFLICT (log) DO UPDATE SET sequence = excluded.sequence`
        const last = records.at(-1)
        if (last !== undefined) await session.run(move, log, last.sequence)
      }),
    async usedUntil(log) {
      const select = 'SELECT sequence FROM used_until WHERE log = $1'
      return (await database.all<{ sequence: number }>(select, log))[0]?.sequence ?? 0
    },
    async uses() {
      const select = `SELECT issuer, subject, tool, max(last_allowed_at) AS last_allowed_at,
          sum(allowed) AS allowed, sum(refused) AS refused FROM used_tool GROUP BY issuer, subject, tool`
      return (await database.all<UseRow>(select)).map(
        ({ last_allowed_at: lastAllowedAt, allowed: allowedCalls, refused: refusedCalls, ...whose }) => ({
          ...whose,
          lastAllowedAt: lastAllowedAt ?? undefined,
          allowedCalls,
          refusedCalls,
        }),
      )
    },
    async seeRoles(issuer, subject, { clientId, roles, groups, at }) {
      const see = `INSERT INTO seen_roles (issuer, subject, client_id, roles, groups, at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (issuer, subject) DO UPDATE SET client_id = excluded.client_id, roles = excluded.roles,
          groups = excluded.groups, at = excluded.at
        WHERE excluded.at >= seen_roles.at`
      await database.run(see, issuer, subject, clientId, JSON.stringify(roles), JSON.stringify(groups), at)
    },
    async seen(issuer) {
      const select = 'SELECT subject, client_id, roles, groups, at FROM seen_roles WHERE issuer = $1'
      return (await database.all<SeenRow>(select, issuer)).map(({ client_id: clientId, roles, groups, ...seen }) => ({
        ...seen,
        clientId,
        roles: JSON.parse(roles),
        groups: JSON.parse(groups),
      }))
    },
    forgetRoles: (issuer, { subject, group }) =>
      database.transaction(async (session) => {
        const all = await session.all<SeenRow>('SELECT * FROM seen_roles WHERE issuer = $1', issuer)
        const isMeant = (row: SeenRow) =>
          (subject === undefined || row.subject === subject) &&
          (group === undefined || row.groups === 'null' || (JSON.parse(row.groups) as string[]).includes(group))
        const forget = 'DELETE FROM seen_roles WHERE issuer = $1 AND subject = $2'
        for (const row of all.filter(isMeant)) await session.run(forget, issuer, row.subject)
      }),
    forgetUse: (log) =>
      database.transaction(async (session) => {
        await session.run('DELETE FROM used_tool WHERE log = $1', log)
        await session.run('DELETE FROM used_until WHERE log = $1', log)
      }),
    close: () => database.close(),
  }
}

/** What decisions among some records say about use, each person's and tool's together. */
function usesIn(records: readonly UseRecord[]): UsedTool[] {
  const uses = new Map<string, UsedTool>()
  for (const { event } of records) {
    const { phase, tool, issuer, subject, outcome, time } = event
    if (phase !== 'decision' || tool === undefined || issuer === undefined || subject === undefined) continue
    const name = JSON.stringify([issuer, subject, tool])
    const unused: UsedTool = { issuer, subject, tool, lastAllowedAt: undefined, allowedCalls: 0, refusedCalls: 0 }
    const use = uses.get(name) ?? unused
    if (outcome === 'allowed') {
      use.allowedCalls += 1
      use.lastAllowedAt = time
    } else use.refusedCalls += 1
    uses.set(name, use)
  }
  return [...uses.values()]
}

function withMarks(item: CampaignItem, marks: ReadonlyMap<string, ReviewMark[]>): MarkedItem {
  const own = marks.get(item.id) ?? []
  return { ...item, mark: own.at(-1) ?? null, earlierMarks: own.slice(0, -1) }
}

import { randomUUID } from 'node:crypto'
import { migrate } from '@mcp-identity/sqlite-schema'
import Database from 'better-sqlite3'
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

/**
 * Campaigns, marks and sign-offs, and when each tool was last used, in one SQLite file. Each step is on disk when its
 * function returns. Marks are only ever added. The `check…` functions say whether a step could happen, so that it can
 * be put on record before it counts.
 */
export interface ReviewStore {
  /** @throws {ReviewError} Nothing is in the scope. */
  start(review: AccessReview, scope: ReviewScope, title: string, by: Reviewer): Campaign
  /** The newest first. */
  list(): CampaignSummary[]
  /** @throws {ReviewError} There is none. */
  read(id: string): Campaign
  checkMark(request: MarkRequest): void
  /** Marks all the items, or none. @throws {ReviewError} */
  mark(request: MarkRequest): Campaign
  /** @throws {ReviewError} Items are unmarked, or it is signed off already. */
  checkSignOff(id: string): Campaign
  /** @param evidence Made of the campaign as it will be read from now on; kept with it. */
  signOff(campaign: Campaign, evidence: SignedEvidence): void
  /** @throws {ReviewError} The campaign is not signed off. */
  evidenceOf(id: string): SignedEvidence
  /** Takes in records of the audit log that follow the last one taken in. */
  takeInUse(records: readonly UseRecord[]): void
  /** Sequence of the last record that was taken in. */
  readonly usedUntil: number
  useOf(issuer: string, subject: string, tool: string): ToolUse | undefined
  /** Keeps what a token said; an older one than is kept changes nothing. */
  seeRoles(issuer: string, subject: string, seen: SeenRoles): void
  seenOf(issuer: string, subject: string): SeenRoles | undefined
  /** Forgets what tokens said: permissions changed since, of one account, of a group's members, or of everybody. */
  forgetRoles(issuer: string, whose: { subject?: string | undefined; group?: string | undefined }): void
  /** Forgets all use: the audit log is another one than before. */
  forgetUse(): void
  close(): void
}

/** Never changed, only added to. What tokens said may be forgotten: files from before the first version hold less of it. */
const migrations = [
  `
  DROP TABLE IF EXISTS seen_roles;
  CREATE TABLE IF NOT EXISTS campaign (
    id TEXT PRIMARY KEY, started_at TEXT NOT NULL, head TEXT NOT NULL,
    signed_off_at TEXT, signed_off_by TEXT, evidence TEXT
  );
  CREATE TABLE IF NOT EXISTS item (
    campaign TEXT NOT NULL REFERENCES campaign (id), id TEXT NOT NULL, position INTEGER NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (campaign, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mark (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, campaign TEXT NOT NULL, item TEXT NOT NULL, content TEXT NOT NULL,
    FOREIGN KEY (campaign, item) REFERENCES item (campaign, id)
  );
  CREATE INDEX IF NOT EXISTS mark_by_item ON mark (campaign, item, sequence);
  CREATE TABLE IF NOT EXISTS tool_use (
    issuer TEXT NOT NULL, subject TEXT NOT NULL, tool TEXT NOT NULL,
    last_allowed_at TEXT, allowed INTEGER NOT NULL, refused INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject, tool)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS seen_roles (
    issuer TEXT NOT NULL, subject TEXT NOT NULL, client_id TEXT NOT NULL, roles TEXT NOT NULL, groups TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (issuer, subject)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS use_cursor (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL);
`,
]

type Head = Omit<Campaign, 'state' | 'signedOffBy' | 'signedOffAt' | 'items'>

interface SeenRow {
  clientId: string
  roles: string
  groups: string
  at: string
}

interface CampaignRow {
  head: string
  signed_off_at: string | null
  signed_off_by: string | null
  evidence: string | null
}

/**
 * Opens the file, and creates it when it is not there. `:memory:` keeps nothing.
 *
 * @param clock Seconds since the epoch. Default: the system's clock.
 * @throws {Error} The file cannot be opened, is no database, or was written by a newer version.
 */
export function openReviewStore(path: string, clock: () => number = () => Date.now() / 1000): ReviewStore {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  migrate(database, migrations)
  const statements = prepare(database)
  const now = (): string => new Date(clock() * 1000).toISOString()

  function read(id: string): Campaign {
    const row = statements.campaign.get(id) as CampaignRow | undefined
    if (row === undefined) throw new ReviewError('unknown_campaign', 'There is no such campaign.')
    const marks = new Map<string, ReviewMark[]>()
    for (const { item, content } of statements.marks.all(id) as { item: string; content: string }[]) {
      marks.set(item, [...(marks.get(item) ?? []), JSON.parse(content)])
    }
    const contents = statements.items.pluck().all(id) as string[]
    return {
      ...(JSON.parse(row.head) as Head),
      state: row.signed_off_at === null ? 'open' : 'signed off',
      signedOffBy: row.signed_off_by === null ? null : JSON.parse(row.signed_off_by),
      signedOffAt: row.signed_off_at,
      items: contents.map((content) => withMarks(JSON.parse(content), marks)),
    }
  }

  function checkMark({ campaign: id, items, by }: MarkRequest): void {
    const campaign = read(id)
    if (campaign.state === 'signed off') throw new ReviewError('signed_off', 'The campaign is signed off.')
    for (const wanted of items) {
      const item = campaign.items.find((one) => one.id === wanted)
      if (item === undefined) throw new ReviewError('unknown_item', `The campaign has no item ${wanted}.`)
      if (item.issuer === by.issuer && item.subject === by.subject)
        throw new ReviewError('own_access', 'Somebody else has to review your own access.')
    }
  }

  function checkSignOff(id: string): Campaign {
    const campaign = read(id)
    if (campaign.state === 'signed off') throw new ReviewError('signed_off', 'The campaign is signed off already.')
    const open = campaign.items.filter(({ mark }) => mark === null).length
    if (open > 0)
      throw new ReviewError('unmarked_items', `${open} of ${campaign.items.length} grants are not marked yet.`)
    return campaign
  }

  const start = database.transaction((review: AccessReview, scope: ReviewScope, title: string, by: Reviewer) => {
    const items = itemsInScope(review, scope)
    if (items.length === 0) throw new ReviewError('empty_scope', 'Nobody has access within this scope.')
    const { at: reviewedAt, issuer, resource, policyVersion } = review
    const id = randomUUID()
    const startedAt = now()
    const head: Head = { id, title, scope, startedBy: by, startedAt, reviewedAt, issuer, resource, policyVersion }
    statements.addCampaign.run(id, startedAt, JSON.stringify(head))
    for (const [position, item] of items.entries()) statements.addItem.run(id, item.id, position, JSON.stringify(item))
    return read(id)
  })

  const mark = database.transaction((request: MarkRequest) => {
    checkMark(request)
    const { campaign, items, verdict, reason, by } = request
    const content = JSON.stringify({ verdict, reason, by, at: now() } satisfies ReviewMark)
    for (const item of new Set(items)) statements.addMark.run(campaign, item, content)
    return read(campaign)
  })

  const takeInUse = database.transaction((records: readonly UseRecord[]) => {
    for (const { event } of records) {
      const { phase, tool, issuer, subject, outcome, time } = event
      if (phase !== 'decision' || tool === undefined || issuer === undefined || subject === undefined) continue
      const allowed = outcome === 'allowed'
      statements.addUse.run({ issuer, subject, tool, at: allowed ? time : null, allowed: +allowed, refused: +!allowed })
    }
    const last = records.at(-1)
    if (last !== undefined) statements.moveCursor.run(last.sequence)
  })

  return {
    start,
    list: () =>
      (statements.ids.pluck().all() as string[]).map(read).map(({ items, ...campaign }) => ({
        ...campaign,
        items: items.length,
        approved: items.filter((item) => item.mark?.verdict === 'approve').length,
        revoked: items.filter((item) => item.mark?.verdict === 'revoke').length,
      })),
    read,
    checkMark,
    mark,
    checkSignOff,
    signOff({ id, signedOffAt, signedOffBy }, evidence) {
      checkSignOff(id)
      statements.signOff.run(signedOffAt, JSON.stringify(signedOffBy), JSON.stringify(evidence), id)
    },
    evidenceOf(id) {
      const row = statements.campaign.get(id) as CampaignRow | undefined
      if (row === undefined) throw new ReviewError('unknown_campaign', 'There is no such campaign.')
      if (row.evidence === null) throw new ReviewError('not_signed_off', 'The campaign is not signed off yet.')
      return JSON.parse(row.evidence)
    },
    takeInUse,
    get usedUntil() {
      return (statements.cursor.pluck().get() as number | undefined) ?? 0
    },
    useOf: (issuer, subject, tool) => statements.useOf.get(issuer, subject, tool) as ToolUse | undefined,
    seeRoles: (issuer, subject, { clientId, roles, groups, at }) =>
      void statements.seeRoles.run(issuer, subject, clientId, JSON.stringify(roles), JSON.stringify(groups), at),
    seenOf(issuer, subject) {
      const row = statements.seenOf.get(issuer, subject) as SeenRow | undefined
      return row && { ...row, roles: JSON.parse(row.roles), groups: JSON.parse(row.groups) }
    },
    forgetRoles: (issuer, { subject = null, group = null }) =>
      void statements.forgetRoles.run({ issuer, subject, group }),
    forgetUse: () => void database.exec('DELETE FROM tool_use; DELETE FROM use_cursor'),
    close: () => void database.close(),
  }
}

function withMarks(item: CampaignItem, marks: ReadonlyMap<string, ReviewMark[]>): MarkedItem {
  const own = marks.get(item.id) ?? []
  return { ...item, mark: own.at(-1) ?? null, earlierMarks: own.slice(0, -1) }
}

function prepare(database: Database.Database) {
  return {
    addCampaign: database.prepare('INSERT INTO campaign (id, started_at, head) VALUES (?, ?, ?)'),
    addItem: database.prepare('INSERT INTO item VALUES (?, ?, ?, ?)'),
    addMark: database.prepare('INSERT INTO mark (campaign, item, content) VALUES (?, ?, ?)'),
    signOff: database.prepare('UPDATE campaign SET signed_off_at = ?, signed_off_by = ?, evidence = ? WHERE id = ?'),
    ids: database.prepare('SELECT id FROM campaign ORDER BY started_at DESC, rowid DESC'),
    campaign: database.prepare('SELECT head, signed_off_at, signed_off_by, evidence FROM campaign WHERE id = ?'),
    items: database.prepare('SELECT content FROM item WHERE campaign = ? ORDER BY position'),
    marks: database.prepare('SELECT item, content FROM mark WHERE campaign = ? ORDER BY sequence'),
    addUse: database.prepare(`
      INSERT INTO tool_use VALUES (@issuer, @subject, @tool, @at, @allowed, @refused)
      ON CONFLICT DO UPDATE SET last_allowed_at = coalesce(excluded.last_allowed_at, last_allowed_at),
        allowed = allowed + excluded.allowed, refused = refused + excluded.refused`),
    moveCursor: database.prepare(
      'INSERT INTO use_cursor VALUES (1, ?) ON CONFLICT DO UPDATE SET sequence = excluded.sequence',
    ),
    cursor: database.prepare('SELECT sequence FROM use_cursor'),
    seeRoles: database.prepare(`
      INSERT INTO seen_roles VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET client_id = excluded.client_id, roles = excluded.roles, groups = excluded.groups,
        at = excluded.at
      WHERE excluded.at >= seen_roles.at`),
    forgetRoles: database.prepare(`
      DELETE FROM seen_roles WHERE issuer = @issuer AND (@subject IS NULL OR subject = @subject)
        AND (@group IS NULL OR groups = 'null' OR EXISTS (SELECT 1 FROM json_each(groups) WHERE value = @group))`),
    seenOf: database.prepare(
      'SELECT client_id AS clientId, roles, groups, at FROM seen_roles WHERE issuer = ? AND subject = ?',
    ),
    useOf: database.prepare(`
      SELECT last_allowed_at AS lastAllowedAt, allowed AS allowedCalls, refused AS refusedCalls
      FROM tool_use WHERE issuer = ? AND subject = ? AND tool = ?`),
  }
}

import { toCsv } from './csv.ts'
import { type PageTable, toPrintablePage } from './printable-page.ts'
import type { AccessReview } from './review-access.ts'
import { itemsInScope } from './review-scope.ts'
import type { Campaign, MarkedItem, Reviewer } from './review-store.ts'

const columns: readonly [title: string, read: (item: EvidenceRow) => string][] = [
  ['who', (item) => item.email ?? item.clientId ?? item.username],
  ['name', (item) => item.name ?? ''],
  ['kind', (item) => item.kind],
  ['department', (item) => item.department ?? ''],
  ['enabled', (item) => (item.isEnabled ? 'yes' : 'no')],
  ['tool', (item) => item.tool],
  ['records', (item) => item.records],
  ['conditions', (item) => item.conditions.join(' ')],
  ['why', (item) => describeWhy(item)],
  ['policies', (item) => item.policies.join(', ')],
  ['last used', (item) => item.lastUsed ?? 'never'],
  ['calls', (item) => String(item.calls)],
  ['verdict', (item) => item.mark?.verdict ?? ''],
  ['reason', (item) => item.mark?.reason ?? ''],
  ['reviewer', (item) => (item.mark ? nameOf(item.mark.by) : '')],
  ['reviewed at', (item) => item.mark?.at ?? ''],
]

type EvidenceRow = Omit<MarkedItem, 'earlierMarks'>

/** The evidence of a campaign: `access-review.json`, `.csv` and `.html`, the same facts thrice. */
export function campaignFiles(campaign: Campaign): Record<string, string> {
  const { items, title, scope, state, startedBy, startedAt, signedOffBy, signedOffAt, reviewedAt } = campaign
  const about = scope.kind === 'everything' ? 'everything' : `${scope.kind} ${scope.name}`
  return filesOf(campaign, items, title, [
    ['Scope', about],
    ['Resource', campaign.resource],
    ['Realm', campaign.issuer],
    ['Access read at', reviewedAt],
    ['Policies', campaign.policyVersion],
    ['Begun', `${startedAt} by ${nameOf(startedBy)}`],
    ['State', signedOffBy === null ? state : `signed off ${signedOffAt} by ${nameOf(signedOffBy)}`],
  ])
}

/** The evidence of what access is now, without a campaign. */
export function reviewFiles(review: AccessReview): Record<string, string> {
  const rows = itemsInScope(review, { kind: 'everything' }).map((item) => ({ ...item, mark: null }))
  return filesOf(review, rows, 'Access as it is', [
    ['Resource', review.resource],
    ['Realm', review.issuer],
    ['Access read at', review.at],
    ['Policies', review.policyVersion],
    ['Reached by nobody', review.reachedByNobody.join(', ') || 'nothing'],
    ['Reached by everybody', review.reachedByEverybody.join(', ') || 'nothing'],
  ])
}

function filesOf(
  document: unknown,
  rows: readonly EvidenceRow[],
  title: string,
  facts: [string, string][],
): Record<string, string> {
  const table: PageTable = {
    titles: columns.map(([name]) => name),
    rows: rows.map((row) => columns.map(([, read]) => read(row))),
  }
  return {
    'access-review.json': `${JSON.stringify(document, undefined, 2)}\n`,
    'access-review.csv': toCsv([table.titles, ...table.rows]),
    'access-review.html': toPrintablePage({ title: `Access review: ${title}`, facts, table }),
  }
}

const sources = {
  direct: 'the account itself',
  inherited: 'another role',
  seen: 'the account itself or another role',
} as const

/** `Customer Admins → write:customers`, one for each way. */
export function describeWhy({ why }: Pick<EvidenceRow, 'why'>): string {
  const ways = why.map(({ by, group, role, scope }) => {
    const source = by === 'group' ? (group ?? '').replace(/^\//, '') : sources[by]
    return `${source} → ${role}${role === scope ? '' : ` → ${scope}`}`
  })
  return ways.length === 0 ? 'takes no scope' : [...new Set(ways)].join('; ')
}

function nameOf({ email, name, subject }: Reviewer): string {
  return email ?? name ?? subject
}

import {
  type AccessReview,
  type Campaign,
  type CampaignSummary,
  describeWhy,
  type MarkedItem,
} from '@mcp-identity/policy/access-review'
import colour from 'picocolors'
import type { LeaverAnswer } from './review-client.ts'

/** Which part of a review is shown. */
export interface ReviewFilter {
  person?: string | undefined
  tool?: string | undefined
  group?: string | undefined
  unused?: boolean | undefined
}

/** Keeps the accounts and grants that a filter asks for. */
export function filterReview(review: AccessReview, { person, tool, group, unused }: ReviewFilter): AccessReview {
  const wanted = person?.toLowerCase()
  const accounts = review.accounts
    .filter((account) => group === undefined || account.groups.includes(group))
    .filter(
      ({ username, email, clientId, subject }) =>
        wanted === undefined || [username, email, clientId, subject].some((one) => one?.toLowerCase() === wanted),
    )
    .map((account) => ({
      ...account,
      grants: account.grants.filter(
        (grant) => (tool === undefined || grant.tool === tool) && (unused !== true || grant.neverUsed),
      ),
    }))
  return { ...review, accounts }
}

/** The review for a terminal. */
export function describeReview(review: AccessReview, neverSignedIn: readonly string[]): string {
  const { accounts, at, policyVersion, reachedByEverybody, reachedByNobody, resource } = plain(review)
  return [
    `Access to ${resource}, read ${at}, policies ${policyVersion}`,
    ...accounts.map(describeAccount),
    '',
    `Reached by nobody     ${reachedByNobody.join(', ') || 'no tool'}`,
    `Reached by everybody  ${reachedByEverybody.join(', ') || 'no tool'}`,
    ...review.warnings.map((warning) => colour.yellow(warning)),
    ...(neverSignedIn.length === 0
      ? []
      : [
          `Never signed in here  ${plain(neverSignedIn).join(', ')}: in the directory, without an account in the realm`,
        ]),
  ].join('\n')
}

function describeAccount(account: AccessReview['accounts'][number]): string {
  const { kind, username, email, clientId, department, groups, isEnabled, grants } = account
  const place = [department, groups.join(', ') || 'no groups'].filter(Boolean).join('; ')
  const state = isEnabled ? '' : colour.yellow('  disabled')
  const who = colour.bold(kind === 'service' ? `service ${clientId ?? username}` : (email ?? username))
  const lines = grants.map((grant) => {
    const used = grant.neverUsed ? colour.yellow('never used') : `last used ${grant.lastUsed}, ${grant.calls} calls`
    const conditions = grant.conditions.map((sentence) => `\n      if: ${sentence}`).join('')
    return [
      `  ${grant.tool.padEnd(16)} ${grant.records}; ${used}`,
      `      why: ${describeWhy(grant)} → ${grant.policies.join(', ')}${conditions}`,
    ].join('\n')
  })
  return ['', `${who} (${place})${state}`, ...(lines.length === 0 ? ['  nothing'] : lines)].join('\n')
}

/** One line for each campaign. */
export function describeCampaigns(campaigns: readonly CampaignSummary[]): string {
  if (campaigns.length === 0) return 'No campaign yet. Begin one with pnpm access:review start.'
  return plain(campaigns)
    .map(
      ({ id, title, state, items, approved, revoked }) =>
        `${id}  ${state.padEnd(10)} ${approved} approved, ${revoked} revoked, ${items - approved - revoked} open  ${title}`,
    )
    .join('\n')
}

/** A campaign with its items and what was said about them. */
export function describeCampaign(campaign: Campaign, stillGranted: readonly string[]): string {
  const { id, title, state, startedBy, startedAt, items } = plain(campaign)
  return [
    `${title} (${state}), begun by ${startedBy.email ?? startedBy.subject} ${startedAt}`,
    id,
    '',
    ...items.map((item) => describeItem(item, stillGranted.includes(item.id))),
  ].join('\n')
}

function describeItem(item: MarkedItem, isStillGranted: boolean): string {
  const who = item.email ?? item.clientId ?? item.username
  const mark = item.mark === null ? 'open' : `${item.mark.verdict}: ${item.mark.reason}`
  const todo = isStillGranted ? colour.yellow(' (still granted: change the directory)') : ''
  return `${item.id}  ${who} ${item.tool} (${describeWhy(item)})\n    ${mark}${todo}`
}

/** The leaver report for a terminal. */
export function describeLeaver(report: LeaverAnswer): string {
  const { person, activity, references, checks, nothingWorks } = plain(report)
  const mark = (isRight: boolean): string => (isRight ? colour.green('✓') : colour.red('✗'))
  return [
    `${person.name ?? person.username} (${person.email ?? person.username}${person.department ? `, ${person.department}` : ''})`,
    '',
    `Since ${activity.since}: ${activity.records} records`,
    ...activity.tools.map(
      ({ tool, allowed, refused, lastAt }) =>
        `  ${tool.padEnd(16)} ${allowed} allowed, ${refused} refused, last ${lastAt}`,
    ),
    ...activity.latest.slice(0, 5).map(({ time, line }) => `  ${time}  ${line}`),
    '',
    'Still refers to this person',
    ...(references.length === 0 ? ['  nothing'] : references.map(({ where, what }) => `  ${where}: ${what}`)),
    '',
    'Does anything still work? Asked now:',
    ...checks.map(({ check, isRight, found }) => `  ${mark(isRight)} ${check}: ${found}`),
    '',
    nothingWorks
      ? colour.green('Nothing works any more.')
      : colour.red('Something still works, or could not be found out.'),
  ].join('\n')
}

/** Names come from elsewhere: nothing in them moves the cursor or hides a part of a line. */
function plain<Document>(document: Document): Document {
  const text = (_name: string, value: unknown): unknown =>
    typeof value === 'string' ? value.replace(/[\p{Cc}\p{Cf}]+/gu, ' ') : value
  return JSON.parse(JSON.stringify(document), text)
}

import type {
  AccessReview,
  Campaign,
  CampaignSummary,
  ReviewScope,
  SignedEvidence,
} from '@mcp-identity/policy/access-review'
import { openPersonSession } from '../demo/mcp-session.ts'
import { StackError } from '../stack-error.ts'
import type { Account, StackFile } from '../stack-file.ts'

/** The MCP server's access review, asked in the name of a person of the stack. */
export interface ReviewClient {
  /** User name of who asks. */
  reviewer: string
  review(): Promise<AccessReview>
  campaigns(): Promise<CampaignSummary[]>
  campaign(id: string): Promise<Campaign & { stillGranted: string[] }>
  start(scope: ReviewScope, title: string | undefined): Promise<Campaign>
  mark(request: { campaign: string; items: string[]; verdict: 'approve' | 'revoke'; reason: string }): Promise<Campaign>
  signOff(campaign: string): Promise<Campaign>
  evidence(campaign: string | undefined): Promise<SignedEvidence & { publicKey: Record<string, unknown> }>
  leaver(person: string): Promise<LeaverAnswer>
}

/** The report of the MCP server about a leaver; its README describes all of it. */
export interface LeaverAnswer {
  at: string
  person: { subject: string; username: string; name?: string; email?: string; department?: string }
  activity: {
    since: string
    tools: { tool: string; allowed: number; refused: number; lastAt: string }[]
    latest: { log: string; time: string; line: string }[]
    records: number
    unread: { log: string | null; problem: string }[]
  }
  references: { where: string; what: string }[]
  checks: { check: string; isRight: boolean; found: string }[]
  nothingWorks: boolean
}

const reviewersGroup = 'Directory Administrators'

/**
 * Signs a person of the running stack in, as a browser would, and asks in her name.
 *
 * @param as User name. Default: the first directory administrator of the stack.
 * @throws {StackError} The stack has no such account, or she cannot sign in.
 */
export async function openReviewClient(stack: StackFile, as: string | undefined): Promise<ReviewClient> {
  const person = reviewerOf(stack, as)
  const token = await accessTokenOf(stack, person)
  const origin = new URL(stack.urls.mcp).origin

  async function ask<Answer>(path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${origin}/access-review${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as Answer & { error?: string; error_description?: string }
    if (response.ok) return answer
    throw new StackError(answer.error_description ?? answer.error ?? `the MCP server answered ${response.status}`)
  }

  return {
    reviewer: person.username,
    review: () => ask(''),
    campaigns: async () => (await ask<{ campaigns: CampaignSummary[] }>('/campaigns')).campaigns,
    campaign: (id) => ask(`/campaigns?id=${encodeURIComponent(id)}`),
    start: (scope, title) => ask('/campaigns', { scope, ...(title === undefined ? {} : { title }) }),
    mark: (request) => ask('/marks', request),
    signOff: (campaign) => ask('/sign-off', { campaign }),
    evidence: (id) => ask(`/evidence${id === undefined ? '' : `?campaign=${encodeURIComponent(id)}`}`),
    leaver: (name) => ask(`/leaver?person=${encodeURIComponent(name)}`),
  }
}

function reviewerOf({ accounts }: StackFile, as: string | undefined): Account {
  const found = accounts.find(({ username, groups }) =>
    as === undefined ? groups.includes(reviewersGroup) : username === as,
  )
  if (found !== undefined) return found
  throw new StackError(`the stack has no account ${as ?? `in ${reviewersGroup}`}`, {
    nextStep: `Name one with --as: ${accounts.map(({ username }) => username).join(', ')}.`,
  })
}

async function accessTokenOf({ urls, clients }: StackFile, person: Account): Promise<string> {
  const session = openPersonSession({ resource: urls.mcp, clientId: clients.cli.clientId, person })
  try {
    await session.callTool('whoami')
    return session.accessToken()
  } catch (cause) {
    throw new StackError(`${person.username} cannot sign in`, {
      cause,
      nextStep: 'Name somebody else with --as, or see pnpm dev --status.',
    })
  } finally {
    await session.close()
  }
}

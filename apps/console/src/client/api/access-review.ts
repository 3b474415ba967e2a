import * as z from 'zod/mini'
import { mcpOrigin, type Settings } from '../settings.ts'
import type { AuthorizedFetch } from './authorized-fetch.ts'

const text = z.optional(z.string())
const strings = z._default(z.array(z.string()), [])

const reasonSchema = z.object({
  role: z.string(),
  by: z.string(),
  /** Path of the group. */
  group: text,
  scope: z.string(),
})

const grantMembers = {
  id: z.string(),
  tool: z.string(),
  access: z.enum(['always', 'sometimes']),
  /** Which records, in words. */
  records: z.string(),
  conditions: strings,
  why: z._default(z.array(reasonSchema), []),
  policies: strings,
  lastUsed: z.nullable(z.string()),
  calls: z.number(),
  neverUsed: z.boolean(),
}

const accountMembers = {
  kind: z.enum(['person', 'service']),
  subject: z.string(),
  username: z.string(),
  clientId: text,
  name: text,
  email: text,
  department: text,
  isEnabled: z.boolean(),
  groups: strings,
}

const reviewSchema = z.object({
  at: z.string(),
  policyVersion: z.string(),
  accounts: z.array(z.object({ ...accountMembers, grants: z.array(z.object(grantMembers)) })),
  groups: z.array(z.object({ name: z.string(), path: z.string(), members: z.number() })),
  reachedByNobody: strings,
  reachedByEverybody: strings,
  warnings: strings,
})

const reviewerSchema = z.object({ subject: z.string(), name: text, email: text })

const markSchema = z.object({
  verdict: z.enum(['approve', 'revoke']),
  reason: z.string(),
  by: reviewerSchema,
  at: z.string(),
})

const itemSchema = z.object({ ...accountMembers, ...grantMembers, mark: z.nullable(markSchema) })

const scopeSchema = z.object({ kind: z.enum(['everything', 'tool', 'group', 'person']), name: text })

const campaignMembers = {
  id: z.string(),
  title: z.string(),
  scope: scopeSchema,
  startedBy: reviewerSchema,
  startedAt: z.string(),
  state: z.enum(['open', 'signed off']),
  signedOffBy: z.nullable(reviewerSchema),
  signedOffAt: z.nullable(z.string()),
}

const summarySchema = z.object({
  ...campaignMembers,
  items: z.number(),
  approved: z.number(),
  revoked: z.number(),
})

const campaignSchema = z.object({
  ...campaignMembers,
  reviewedAt: z.string(),
  policyVersion: z.string(),
  items: z.array(itemSchema),
  /** Revoked grants that somebody still has. */
  stillGranted: strings,
})

const evidenceSchema = z.object({
  files: z.record(z.string(), z.string()),
  signature: z.string(),
  /** RFC 8037. */
  publicKey: z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
})

/** Files by name, the signature over all of them, and the public key. */
export type Evidence = z.infer<typeof evidenceSchema>

/** Who may do what, on which records, and why, at one moment. */
export type AccessReview = z.infer<typeof reviewSchema>
export type ReviewedAccount = AccessReview['accounts'][number]
export type CampaignSummary = z.infer<typeof summarySchema>
export type Campaign = z.infer<typeof campaignSchema>
export type CampaignItem = z.infer<typeof itemSchema>
export type Verdict = 'approve' | 'revoke'
export type ReviewScope = { kind: 'everything' } | { kind: 'tool' | 'group' | 'person'; name: string }

/** The MCP server's access review. Reading is for those who may read the audit log; the policies say who reviews. */
export interface AccessReviewApi {
  current(): Promise<AccessReview>
  campaigns(): Promise<CampaignSummary[]>
  campaign(id: string): Promise<Campaign>
  start(scope: ReviewScope): Promise<Campaign>
  mark(campaign: string, items: string[], verdict: Verdict, reason: string): Promise<Campaign>
  signOff(campaign: string): Promise<void>
  /** All files with the signature over them, and the key that the server says it signs with. */
  evidence(campaign: string): Promise<Evidence>
}

export function createAccessReviewApi(settings: Settings, authorizedFetch: AuthorizedFetch): AccessReviewApi {
  const base = `${mcpOrigin(settings)}/access-review`
  const get = async (path: string): Promise<unknown> => (await authorizedFetch(`${base}${path}`)).json()
  const post = async (path: string, content: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(content) }
    return (await authorizedFetch(`${base}${path}`, init)).json()
  }
  const query = (parameters: Record<string, string>): string => `?${new URLSearchParams(parameters)}`
  return {
    current: async () => reviewSchema.parse(await get('')),
    campaigns: async () => z.object({ campaigns: z.array(summarySchema) }).parse(await get('/campaigns')).campaigns,
    campaign: async (id) => campaignSchema.parse(await get(`/campaigns${query({ id })}`)),
    start: async (scope) => campaignSchema.parse(await post('/campaigns', { scope })),
    mark: async (campaign, items, verdict, reason) =>
      campaignSchema.parse(await post('/marks', { campaign, items, verdict, reason })),
    async signOff(campaign) {
      await post('/sign-off', { campaign })
    },
    evidence: async (campaign) => evidenceSchema.parse(await get(`/evidence${query({ campaign })}`)),
  }
}

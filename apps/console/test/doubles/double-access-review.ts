import { join } from 'node:path'
import { loadPolicies } from '@mcp-identity/policy'
import {
  campaignFiles,
  openEvidenceKey,
  openReviewStore,
  type RealmAccess,
  ReviewError,
  type Reviewer,
  type ReviewScope,
  reviewAccess,
  signEvidence,
} from '@mcp-identity/policy/access-review'
import { Hono } from 'hono'
import type { DoublePerson } from './people.ts'

export interface DoubleAccessReview {
  /** Below `/access-review`. */
  app: Hono
  close(): Promise<void>
}

/** The MCP server's access review over the real policies and the real store, with the doubles' people as its realm. */
export async function createDoubleAccessReview(people: DoublePerson[], folder: string): Promise<DoubleAccessReview> {
  const engine = loadPolicies()
  const now = (): number => Date.now() / 1000
  const key = await openEvidenceKey(join(folder, 'evidence-key.pem'))
  const store = await openReviewStore(join(folder, 'access-reviews.db'), now)
  const app = new Hono<{ Variables: { by: Reviewer } }>()
  const current = () =>
    reviewAccess({
      engine,
      realm: realmOf(people),
      useOf: (_issuer, subject, tool) => useOf(subject, tool),
      at: now(),
    })

  app.use(async (context, next) => {
    const payload = context.req.header('authorization')?.split('.')[1] ?? 'e30'
    const { sub, name } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string; name: string }
    context.set('by', { issuer: 'double', subject: sub, name })
    return next()
  })
  app.onError((error, context) => {
    if (!(error instanceof ReviewError)) throw error
    return context.json({ error: error.reason, error_description: error.message }, 409)
  })
  app.get('/', (context) => context.json(current()))
  app.get('/campaigns', async (context) => {
    const id = context.req.query('id')
    return context.json(
      id === undefined ? { campaigns: await store.list() } : { ...(await store.read(id)), stillGranted: [] },
    )
  })
  app.post('/campaigns', async (context) => {
    const { scope } = await context.req.json<{ scope: ReviewScope }>()
    const title = scope.kind === 'everything' ? 'All access' : `${scope.kind} ${scope.name}`
    return context.json(await store.start(current(), scope, title, context.get('by')))
  })
  app.post('/marks', async (context) =>
    context.json(await store.mark({ ...(await context.req.json()), by: context.get('by') })),
  )
  app.post('/sign-off', async (context) => {
    const { campaign: id } = await context.req.json<{ campaign: string }>()
    const signedOffAt = new Date().toISOString()
    const signed = {
      ...(await store.checkSignOff(id)),
      state: 'signed off' as const,
      signedOffBy: context.get('by'),
      signedOffAt,
    }
    await store.signOff(signed, await signEvidence(campaignFiles(signed), { subject: id, at: now() }, key))
    return context.json(signed)
  })
  app.get('/evidence', async (context) => {
    const campaign = await store.read(context.req.query('campaign') ?? '')
    const evidence =
      campaign.state === 'signed off'
        ? await store.evidenceOf(campaign.id)
        : await signEvidence(campaignFiles(campaign), { subject: campaign.id, at: now() }, key)
    const file = context.req.query('file')
    if (file === undefined) return context.json({ ...evidence, publicKey: key.publicKey })
    return context.body(evidence.files[file] ?? '')
  })
  return { app: app as unknown as Hono, close: store.close }
}

function realmOf(people: DoublePerson[]): RealmAccess {
  return {
    issuer: 'double',
    resource: 'double/mcp',
    accounts: people.map(({ username, name, email, department, zoneinfo, groups, scopes, isActive }) => ({
      kind: 'person',
      issuer: 'double',
      subject: `sub-${username}`,
      username,
      name,
      email,
      department,
      zoneinfo,
      country: 'US',
      isEnabled: isActive,
      groups,
      roles: scopes
        .filter((scope) => /^(read|write|admin):/.test(scope))
        .map((role) => ({ role, by: 'group', group: `/${groups.at(-1) ?? ''}` })),
    })),
    groups: [...new Set(people.flatMap(({ groups }) => groups))].map((name) => ({
      name,
      path: `/${name}`,
      roles: [],
      members: people.filter(({ groups }) => groups.includes(name)).length,
    })),
    warnings: [],
  }
}

/** Readers read, and nobody writes. */
function useOf(subject: string, tool: string) {
  if (!/^(list_customers|get_customer|whoami)$/.test(tool)) return undefined
  const lastAllowedAt = new Date(Date.now() - subject.length * 3_600_000).toISOString()
  return { lastAllowedAt, allowedCalls: subject.length * 7, refusedCalls: 0 }
}

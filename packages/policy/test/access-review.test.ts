import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  campaignFiles,
  openEvidenceKey,
  openReviewStore,
  type RealmAccess,
  reviewAccess,
  signEvidence,
  verifyEvidence,
} from '../src/access-review/index.ts'
import { loadPolicies } from '../src/index.ts'
import { sharedPlaces } from './shared-places.ts'

const issuer = 'https://sso.company.com/realms/company'
const at = Date.parse('2026-11-23T15:00:00Z') / 1000
const evil = '=HYPERLINK("http://evil.example","x")'

function realmWith(name: string): RealmAccess {
  const roles = ['read:customers'].map((role) => ({ role, by: 'group' as const, group: '/Customer Readers' }))
  const account = { kind: 'person' as const, issuer, subject: 's-1', username: 'anna', name, email: 'anna@company.com' }
  return {
    issuer,
    resource: 'https://mcp.company.com/mcp',
    accounts: [{ ...account, isEnabled: true, groups: ['Customer Readers'], roles }],
    groups: [{ name: 'Customer Readers', path: '/Customer Readers', roles: ['read:customers'], members: 1 }],
    warnings: [],
  }
}

const reviewOf = (name = 'Anna') =>
  reviewAccess({ engine: loadPolicies(), realm: realmWith(name), useOf: () => undefined, at })
const ivan = { issuer, subject: 's-2', email: 'ivan@company.com' }

async function campaignOf(name: string) {
  const store = await openReviewStore(':memory:', () => at)
  const { id, items } = await store.start(reviewOf(name), { kind: 'everything' }, 'Everything', ivan)
  return store.mark({ campaign: id, items: items.map((item) => item.id), verdict: 'approve', reason: evil, by: ivan })
}

async function key() {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'key.pem')
  return { file, key: await openEvidenceKey(file) }
}

describe('evidence', () => {
  it.each([evil, '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '\uFF1D1'])(
    'is no formula to a spreadsheet: %j',
    async (name) => {
      const csv = campaignFiles(await campaignOf(name))['access-review.csv'] ?? ''
      const cells = csv.split('\r\n').flatMap((line) => line.split('","'))
      expect(cells.filter((cell) => /^"?\s*[=+\-@\uFF1D]/.test(cell))).toEqual([])
      expect(csv).toContain(`'${name.replaceAll('"', '""').replace('\t', ' ')}`)
    },
  )

  it.each(['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='x"])(
    'is a page on which a name stays text: %j',
    async (name) => {
      const page = campaignFiles(await campaignOf(name))['access-review.html'] ?? ''
      expect(page).not.toContain(name)
      expect(page).not.toMatch(/<(script|img)/)
      expect(page).toContain("default-src 'none'")
    },
  )

  it('has no lines and directions that a name made', async () => {
    const files = campaignFiles(await campaignOf('Anna\r\n"forged","line"\u202Etxt'))
    expect(files['access-review.csv']?.split('\r\n')).toHaveLength((await campaignOf('Anna')).items.length + 2)
    expect(files['access-review.html']).not.toContain('\u202E')
  })

  it('verifies as it was signed, and not when a byte, a file or the key is another', async () => {
    const { key: mine } = await key()
    const evidence = await signEvidence(campaignFiles(await campaignOf('Anna')), { subject: 'campaign 1', at }, mine)
    expect(await verifyEvidence(evidence, mine.publicKey)).toMatchObject({
      outcome: 'intact',
      statement: { subject: 'campaign 1', signedAt: '2026-11-23T15:00:00.000Z' },
    })
    const csv = evidence.files['access-review.csv'] ?? ''
    const { 'access-review.csv': _gone, ...fewer } = evidence.files
    const changes = [
      [{ ...evidence.files, 'access-review.csv': csv.replace('Anna', 'Anne') }, 'access-review.csv was changed'],
      [fewer, 'access-review.csv is missing'],
      [{ ...evidence.files, 'more.txt': '' }, 'more.txt is not part of what was signed'],
    ] as const
    for (const [files, problem] of changes) {
      const found = await verifyEvidence({ ...evidence, files }, mine.publicKey)
      expect(found).toEqual({ outcome: 'broken', problems: [problem] })
    }
    const { key: another } = await key()
    expect(await verifyEvidence(evidence, another.publicKey)).toMatchObject({ outcome: 'broken' })
    expect(await verifyEvidence({ ...evidence, signature: 'e30.e30.' }, mine.publicKey)).toMatchObject({
      outcome: 'broken',
    })
  })

  it('is signed by a key that is made once and read by its owner only', async () => {
    const { file, key: made } = await key()
    expect((await openEvidenceKey(file)).keyId).toBe(made.keyId)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})

describe('a campaign', () => {
  it('keeps what was granted when it began, and every mark', async () => {
    const store = await openReviewStore(':memory:', () => at)
    const { id, items } = await store.start(reviewOf(), { kind: 'person', name: 'ANNA@company.com' }, 'Anna', ivan)
    const [item] = items
    if (item === undefined) throw new Error('no item')
    const mark = { campaign: id, items: [item.id], by: ivan }
    await store.mark({ ...mark, verdict: 'revoke', reason: 'not needed' })
    await store.mark({ ...mark, verdict: 'approve', reason: 'needed after all' })
    expect((await store.read(id)).items[0]).toMatchObject({
      mark: { verdict: 'approve', reason: 'needed after all' },
      earlierMarks: [{ verdict: 'revoke', reason: 'not needed' }],
    })
    expect(await store.list()).toMatchObject([{ id, items: items.length, approved: 1, revoked: 0, state: 'open' }])
  })

  it('marks all the items or none', async () => {
    const store = await openReviewStore(':memory:', () => at)
    const { id, items } = await store.start(reviewOf(), { kind: 'everything' }, 'All', ivan)
    const request = { campaign: id, items: [items[0]?.id ?? '', 'unknown'], by: ivan, reason: 'fine' }
    await expect(store.mark({ ...request, verdict: 'approve' })).rejects.toThrow('no item unknown')
    expect((await store.read(id)).items.every(({ mark }) => mark === null)).toBe(true)
  })
})

describe.each(sharedPlaces)('reviews in $kind, opened twice', ({ place }) => {
  async function openTwice() {
    const shared = place()
    const stores = await Promise.all([openReviewStore(shared, () => at), openReviewStore(shared, () => at)])
    onTestFinished(async () => void (await Promise.all(stores.map((one) => one.close()))))
    return stores
  }

  it('a campaign that one began is marked and signed off at the other, once', async () => {
    const [one, two] = await openTwice()
    const { id, items } = await one.start(reviewOf(), { kind: 'everything' }, 'All', ivan)
    const all = items.map((item) => item.id)
    const mark = { campaign: id, items: all, verdict: 'approve', reason: 'she sells', by: ivan } as const
    await Promise.all([one.mark(mark), two.mark({ ...mark, verdict: 'revoke' })])
    const [first] = (await two.read(id)).items
    expect([first?.mark?.verdict, first?.earlierMarks[0]?.verdict].sort()).toEqual(['approve', 'revoke'])
    expect(await one.read(id)).toEqual(await two.read(id))
    const evidence = { files: {}, statement: 'signed' } as never
    const signedOff = { ...(await one.checkSignOff(id)), signedOffBy: ivan, signedOffAt: new Date(0).toISOString() }
    const both = await Promise.allSettled([one.signOff(signedOff, evidence), two.signOff(signedOff, evidence)])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(two.mark(mark)).rejects.toThrow('signed off')
    expect(await two.evidenceOf(id)).toEqual(evidence)
    expect(await two.list()).toMatchObject([{ id, state: 'signed off', items: all.length }])
  })

  it('what each took in from its own log counts together', async () => {
    const [one, two] = await openTwice()
    const record = (sequence: number, outcome: string, time: string) => ({
      sequence,
      event: { time, phase: 'decision', tool: 'get_customer', outcome, issuer, subject: 's-1' },
    })
    await one.takeInUse('log-1', [
      record(1, 'allowed', '2026-11-23T10:00:00Z'),
      record(2, 'refused', '2026-11-23T11:00:00Z'),
    ])
    await two.takeInUse('log-2', [record(7, 'allowed', '2026-11-23T12:00:00Z')])
    const use = { issuer, subject: 's-1', tool: 'get_customer', refusedCalls: 1 }
    expect(await one.uses()).toEqual([{ ...use, allowedCalls: 2, lastAllowedAt: '2026-11-23T12:00:00Z' }])
    expect([await two.usedUntil('log-1'), await one.usedUntil('log-2'), await one.usedUntil('log-3')]).toEqual([
      2, 7, 0,
    ])
    await two.forgetUse('log-2')
    expect(await one.uses()).toEqual([{ ...use, allowedCalls: 1, lastAllowedAt: '2026-11-23T10:00:00Z' }])
  })

  it('what tokens said is forgotten for an account, for the members of a group, and where groups are unknown', async () => {
    const [one, two] = await openTwice()
    const said = { clientId: 'cli', roles: ['read:customers'], at: '2026-11-23T10:00:00Z' }
    await one.seeRoles(issuer, 'a', { ...said, groups: ['Sales'] })
    await one.seeRoles(issuer, 'b', { ...said, groups: ['Sales West'] })
    await one.seeRoles(issuer, 'c', { ...said, groups: null })
    await two.seeRoles(issuer, 'b', { ...said, roles: [], groups: [], at: '2026-11-23T09:00:00Z' })
    expect(await two.seen(issuer)).toContainEqual({ ...said, subject: 'b', groups: ['Sales West'] })
    await two.forgetRoles(issuer, { group: 'Sales' })
    expect((await one.seen(issuer)).map(({ subject }) => subject)).toEqual(['b'])
    await one.forgetRoles(issuer, { subject: 'b' })
    expect(await two.seen(issuer)).toEqual([])
  })
})

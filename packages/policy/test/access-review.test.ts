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

function campaignOf(name: string) {
  const store = openReviewStore(':memory:', () => at)
  const { id, items } = store.start(reviewOf(name), { kind: 'everything' }, 'Everything', ivan)
  return store.mark({ campaign: id, items: items.map((item) => item.id), verdict: 'approve', reason: evil, by: ivan })
}

async function key() {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'key.pem')
  return { file, key: await openEvidenceKey(file) }
}

describe('evidence', () => {
  it.each([evil, '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '\uFF1D1'])('is no formula to a spreadsheet: %j', (name) => {
    const csv = campaignFiles(campaignOf(name))['access-review.csv'] ?? ''
    const cells = csv.split('\r\n').flatMap((line) => line.split('","'))
    expect(cells.filter((cell) => /^"?\s*[=+\-@\uFF1D]/.test(cell))).toEqual([])
    expect(csv).toContain(`'${name.replaceAll('"', '""').replace('\t', ' ')}`)
  })

  it.each(['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='x"])(
    'is a page on which a name stays text: %j',
    (name) => {
      const page = campaignFiles(campaignOf(name))['access-review.html'] ?? ''
      expect(page).not.toContain(name)
      expect(page).not.toMatch(/<(script|img)/)
      expect(page).toContain("default-src 'none'")
    },
  )

  it('has no lines and directions that a name made', () => {
    const files = campaignFiles(campaignOf('Anna\r\n"forged","line"\u202Etxt'))
    expect(files['access-review.csv']?.split('\r\n')).toHaveLength(campaignOf('Anna').items.length + 2)
    expect(files['access-review.html']).not.toContain('\u202E')
  })

  it('verifies as it was signed, and not when a byte, a file or the key is another', async () => {
    const { key: mine } = await key()
    const evidence = await signEvidence(campaignFiles(campaignOf('Anna')), { subject: 'campaign 1', at }, mine)
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
  it('keeps what was granted when it began, and every mark', () => {
    const store = openReviewStore(':memory:', () => at)
    const { id, items } = store.start(reviewOf(), { kind: 'person', name: 'ANNA@company.com' }, 'Anna', ivan)
    const [item] = items
    if (item === undefined) throw new Error('no item')
    const mark = { campaign: id, items: [item.id], by: ivan }
    store.mark({ ...mark, verdict: 'revoke', reason: 'not needed' })
    store.mark({ ...mark, verdict: 'approve', reason: 'needed after all' })
    expect(store.read(id).items[0]).toMatchObject({
      mark: { verdict: 'approve', reason: 'needed after all' },
      earlierMarks: [{ verdict: 'revoke', reason: 'not needed' }],
    })
    expect(store.list()).toMatchObject([{ id, items: items.length, approved: 1, revoked: 0, state: 'open' }])
  })

  it('marks all the items or none', () => {
    const store = openReviewStore(':memory:', () => at)
    const { id, items } = store.start(reviewOf(), { kind: 'everything' }, 'All', ivan)
    const request = { campaign: id, items: [items[0]?.id ?? '', 'unknown'], by: ivan, reason: 'fine' }
    expect(() => store.mark({ ...request, verdict: 'approve' })).toThrow('no item unknown')
    expect(store.read(id).items.every(({ mark }) => mark === null)).toBe(true)
  })
})

import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { openPrivateAuthority } from '@mcp-identity/private-authority'
import { describe, expect, it, onTestFinished } from 'vitest'
import { examine } from '../../src/doctor/examine.ts'
import type { Observed } from '../../src/doctor/observe.ts'
import { observeTls, type ProductionObservations } from '../../src/doctor/observe-production.ts'
import { productionRules } from '../../src/doctor/production-rules.ts'
import { applyRules } from '../../src/doctor/rule.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { startSubject } from './subject.ts'

const now = Date.parse('2026-11-28T12:00:00Z')
const daysFromNow = (days: number) => now + days * 86_400_000

const answered = (url: string, status: number, body: Partial<Observed> = {}): Observed => ({
  url,
  status,
  headers: new Headers(),
  json: undefined,
  text: '',
  ...body,
})
const readyWith = (check: object): Observed =>
  answered('https://mcp.company.com/readyz', 200, {
    json: { ready: true, checks: [{ name: 'server', ready: true, ...check }] },
  })

/** A deployment that keeps every rule. */
const good: ProductionObservations = {
  addresses: [
    {
      what: 'MCP server',
      url: 'https://mcp.company.com/mcp',
      tls: { expiresAt: daysFromNow(14), speaksOldVersions: false },
    },
  ],
  readiness: readyWith({}),
  metrics: answered('https://mcp.company.com/metrics', 404),
  administration: [answered('https://sso.company.com/admin/master/console/', 404)],
  now,
}
const [address] = good.addresses as [ProductionObservations['addresses'][number]]
const withTls = (tls: object): Partial<ProductionObservations> => ({
  addresses: [{ ...address, tls: { speaksOldVersions: false, expiresAt: daysFromNow(90), ...tls } }],
})
const findingsOf = (change: Partial<ProductionObservations> = {}) =>
  applyRules(productionRules, { ...good, ...change }, 'https://mcp.company.com/mcp').findings

describe('a deployment', () => {
  it('that keeps every rule has no finding', () => expect(findingsOf()).toEqual([]))

  it.each<[rule: string, title: string, change: Partial<ProductionObservations>, seen: string]>([
    [
      'PR-01',
      'plain http',
      { addresses: [{ what: 'issuer', url: 'http://sso.company.com/realms/company' }] },
      'issuer: http://sso.company.com/realms/company',
    ],
    [
      'PR-02',
      'a certificate that nobody trusts',
      withTls({ problem: 'SELF_SIGNED_CERT_IN_CHAIN' }),
      'https://mcp.company.com/mcp: SELF_SIGNED_CERT_IN_CHAIN',
    ],
    [
      'PR-03',
      'a certificate that ends a millisecond before its fourteen days',
      withTls({ expiresAt: daysFromNow(14) - 1 }),
      'https://mcp.company.com/mcp: until 2026-12-12',
    ],
    ['PR-04', 'TLS 1.1', withTls({ speaksOldVersions: true }), 'https://mcp.company.com/mcp'],
    [
      'PR-05',
      'development mode',
      { readiness: readyWith({ warning: 'development mode' }) },
      'server: development mode',
    ],
    ['PR-05', 'a part that is not ready', { readiness: readyWith({ waitsFor: 'news' }) }, 'server: waits for news'],
    [
      'PR-06',
      'metrics for everyone',
      { metrics: answered('https://mcp.company.com/metrics', 200, { text: '# HELP x\n# TYPE x gauge' }) },
      'https://mcp.company.com/metrics',
    ],
    [
      'PR-07',
      'the administration of Keycloak for everyone',
      { administration: [answered('https://sso.company.com/admin/master/console/', 200)] },
      'https://sso.company.com/admin/master/console/',
    ],
  ])('%s finds %s', (rule, _title, change, seen) => {
    expect(findingsOf(change).map((finding) => [finding.rule, finding.seen])).toEqual([[rule, seen]])
  })

  it('is judged by no rule that has nothing to look at', () => {
    const plain = applyRules(
      productionRules,
      { ...good, ...{ addresses: [], administration: [] }, readiness: answered('x', 404) },
      '',
    )
    expect(plain.notJudged).toEqual(['PR-02', 'PR-03', 'PR-04', 'PR-05', 'PR-07'])
  })
})

describe('a handshake', () => {
  async function startTls(options: object) {
    const authority = await openPrivateAuthority(temporaryFolder())
    const { certificate: cert, key } = await authority.issue(['localhost'])
    const server = createServer({ cert, key, ...options })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return { at: { host: 'localhost', port: (server.address() as AddressInfo).port }, authority }
  }

  it('shows until when a trusted certificate lasts', async () => {
    const { at, authority } = await startTls({})
    const { expiresAt = 0, ...seen } = await observeTls({ ...at, ca: authority.certificate })
    expect(seen).toEqual({ speaksOldVersions: false })
    expect(expiresAt).toBeGreaterThan(Date.now())
  })

  it('shows why a certificate is not trusted', async () => {
    const { at } = await startTls({})
    expect((await observeTls(at)).problem).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/)
  })

  it('shows a server that speaks TLS 1.1', async () => {
    const { at } = await startTls({ minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' })
    expect(await observeTls(at)).toMatchObject({ speaksOldVersions: true })
  })

  it('shows that nobody answers', async () => {
    expect((await observeTls({ host: '127.0.0.1', port: 1 })).problem).toContain('ECONNREFUSED')
  })
})

it('an examination for production adds these rules to the others', async () => {
  const subject = await startSubject()
  onTestFinished(subject.close)
  const findings = async (production: boolean) =>
    (await examine(subject.mcp, { production })).findings.map(({ rule, seen }) => `${rule} ${seen}`)
  expect(await findings(false)).toEqual([])
  expect(await findings(true)).toEqual([
    `PR-01 MCP server: ${subject.mcp}`,
    `PR-01 issuer: ${subject.mcp.replace('/mcp', '/realms/company')}`,
  ])
})

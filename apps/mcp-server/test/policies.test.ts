import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { companyPoliciesDirectory } from '@mcp-identity/policy'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'

let app: TestServer
const live = mkdtempSync(join(tmpdir(), 'policies-'))
const shadow = mkdtempSync(join(tmpdir(), 'policies-'))
const noCustomers =
  '@id("nobody-reads") @refusal("Nobody reads customers.") forbid (principal, action == Action::"get_customer", resource) when { resource.team != "no team" };'

beforeAll(async () => {
  for (const folder of [live, shadow]) cpSync(companyPoliciesDirectory, folder, { recursive: true })
  writeFileSync(join(shadow, 'nobody-reads.cedar'), noCustomers)
  app = await startTestServer({ policyDirectory: live, shadowPolicyDirectory: shadow, policyWatch: true })
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
})
afterAll(async () => {
  await app.stop()
  for (const folder of [live, shadow]) rmSync(folder, { recursive: true })
})

const metric = async (line: string) => (await (await app.get('/metrics')).text()).includes(`\n${line}\n`)
const read = () => app.call(app.tokenOf('anna'), 'get_customer', { id: 'cust_001' })
const policiesCheck = async () => {
  const { checks } = (await (await app.get('/readyz')).json()) as { checks: { name: string; warning?: string }[] }
  return checks.find(({ name }) => name === 'policies')
}

describe('a candidate set', () => {
  it('decides nothing, and every kind of difference is told once', async () => {
    expect((await read()).isError).toBe(false)
    expect((await read()).isError).toBe(false)
    expect(await metric('mcp_shadow_differences_total{tool="get_customer",live="allowed",candidate="denied"} 1')).toBe(
      true,
    )
    await eventually(async () => {
      const events = (await app.auditRecords()).map(({ event }) => event as Record<string, unknown>)
      const told = events.filter(({ action }) => action === 'shadow_policies_differ')
      expect(told).toMatchObject([
        {
          subject: 'sub-anna',
          email: 'anna@company.com',
          tool: 'get_customer',
          policies: ['nobody-reads'],
          outcome: 'refused',
        },
      ])
    })
  })
})

describe('the policies over HTTP', () => {
  it('name the candidate, and a question is answered by both sets', async () => {
    const token = app.tokenOf('ivan')
    const { version, candidate } = (await (await app.get('/policies', token)).json()) as {
      version: string
      candidate: { version: string }
    }
    expect(candidate.version).toMatch(/./)
    expect(candidate.version).not.toBe(version)
    const answer = await fetch(`${app.origin}/policies/what-if`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        caller: { groups: ['Customer Readers'], scopes: ['read:customers'] },
        tool: 'get_customer',
        record: { team: 'Sales West' },
      }),
    })
    expect(await answer.json()).toMatchObject({
      decision: { outcome: 'allowed' },
      candidate: { outcome: 'denied', policies: ['nobody-reads'] },
    })
  })
})

describe('files that change', () => {
  it('are read again by themselves; wrong ones leave those before in force and raise an alarm', async () => {
    const file = join(live, 'nobody-reads.cedar')
    writeFileSync(file, noCustomers)
    await eventually(async () => expect((await read()).isError).toBe(true))
    writeFileSync(file, 'permit (principal')
    await eventually(async () => expect((await policiesCheck())?.warning).toContain('refused'))
    expect((await app.get('/readyz')).status).toBe(200)
    expect(await metric('mcp_policies_stale 1')).toBe(true)
    expect((await read()).isError).toBe(true)
    rmSync(file)
    await eventually(async () => expect(await policiesCheck()).toEqual({ name: 'policies', ready: true }))
    expect((await read()).isError).toBe(false)
    expect(await metric('mcp_policies_stale 0')).toBe(true)
  })
})

it('does not start with a wrong policy, live or candidate', async () => {
  const wrong = mkdtempSync(join(tmpdir(), 'policies-'))
  cpSync(companyPoliciesDirectory, wrong, { recursive: true })
  writeFileSync(join(wrong, 'wrong.cedar'), 'permit (principal')
  await expect(startTestServer({ policyDirectory: wrong })).rejects.toThrow('wrong.cedar')
  await expect(startTestServer({ shadowPolicyDirectory: wrong })).rejects.toThrow('wrong.cedar')
  rmSync(wrong, { recursive: true })
})

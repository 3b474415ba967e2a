import { digestArguments } from '@mcp-identity/audit-log'
import { mintAccessToken } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { people } from './fixtures/people.ts'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'

let app: TestServer
beforeAll(async () => {
  app = await startTestServer()
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
})
afterAll(() => app.stop())

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
type Era = '2025-11-25' | '2026-07-28'

/** One call over HTTP as either revision words it, and the records that it left, oldest first. */
async function recordsOfCall(token: string, era: Era, name: string, args: object): Promise<Record<string, unknown>[]> {
  const before = (await app.auditRecords()).at(-1)?.sequence ?? 0
  const isStateless = era === '2026-07-28'
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': era,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { name, arguments: args, ...(isStateless && { _meta }) }
  const response = await fetch(app.resource, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': era,
      traceparent,
      ...(isStateless && { 'mcp-method': 'tools/call', 'mcp-name': name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  })
  await response.text()
  return (await app.auditRecords()).flatMap(({ sequence, event }) => (sequence > before ? [event] : []))
}

const eras: readonly Era[] = ['2025-11-25', '2026-07-28']
const annasToken = () => app.tokenOf('anna', { tokenId: 'token-1', sessionId: 'session-1' })
/** Who called, with what: the same in every record of a call by Anna. */
const byAnna = () => ({
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  traceparent,
  action: 'tools/call',
  issuer: app.keycloak.issuer,
  identityProvider: 'https://login.company.com',
  subject: people.anna.subject,
  email: 'anna@company.com',
  name: people.anna.name,
  department: people.anna.department,
  callerKind: 'person',
  clientId: 'mcp-cli',
  tokenId: 'token-1',
  sessionId: 'session-1',
})
const policyVersion = expect.stringMatching(/./)
const somePolicies = expect.arrayContaining([expect.stringMatching(/^[a-z-]+$/)])

it.each(eras)('has every field of an allowed call on record, the decision before the outcome (%s)', async (era) => {
  const args = { id: 'cust_001' }
  const records = await recordsOfCall(annasToken(), era, 'get_customer', args)
  const call = {
    ...byAnna(),
    protocolEra: era,
    tool: 'get_customer',
    argumentsDigest: digestArguments(args),
    readableArguments: args,
    policies: somePolicies,
  }
  expect(records).toEqual([
    { ...call, phase: 'decision', outcome: 'allowed', policyVersion },
    { ...call, phase: 'outcome', outcome: 'succeeded', durationMs: expect.any(Number) },
  ])
  expect(records[0]?.requestId).toBe(records[1]?.requestId)
  expect(records[0]?.policies).toEqual(records[1]?.policies)
})

it.each(eras)('has every field of a call on record whose tool failed (%s)', async (era) => {
  const args = { id: 'cust_999999' }
  const records = await recordsOfCall(annasToken(), era, 'get_customer', args)
  const call = { ...byAnna(), protocolEra: era, tool: 'get_customer', readableArguments: args, policies: somePolicies }
  expect(records).toEqual([
    { ...call, argumentsDigest: digestArguments(args), phase: 'decision', outcome: 'allowed', policyVersion },
    {
      ...call,
      argumentsDigest: digestArguments(args),
      phase: 'outcome',
      outcome: 'failed',
      durationMs: expect.any(Number),
    },
  ])
})

it.each(eras)('has every field of a call on record that a policy refused, with the sentence (%s)', async (era) => {
  const args = { id: 'cust_001', changes: { phone: '+1 555 0100' } }
  const token = app.tokenOf('bob', { tokenId: 'token-2', sessionId: 'session-2' })
  const refused = await recordsOfCall(token, era, 'update_customer', args)
  const own = await recordsOfCall(token, era, 'update_customer', { ...args, id: 'cust_002' })
  // One of the two customers is not of Bob's team.
  const [record] = [refused, own].find((records) => records.length === 1) ?? []
  expect(record).toEqual({
    ...byAnna(),
    subject: people.bob.subject,
    email: 'bob@company.com',
    name: people.bob.name,
    department: people.bob.department,
    tokenId: 'token-2',
    sessionId: 'session-2',
    protocolEra: era,
    tool: 'update_customer',
    argumentsDigest: expect.stringMatching(/^sha256:[\w-]{43}$/),
    readableArguments: expect.objectContaining({ id: expect.any(String) }),
    phase: 'decision',
    outcome: 'refused',
    reason: expect.stringMatching(/\.$/),
    policies: expect.any(Array),
    policyVersion,
    details: { reason: expect.any(String) },
  })
  // What was written into the field is not among what is readable.
  expect(JSON.stringify(record)).not.toContain('555 0100')
})

it('has who acted for a person on record, the nearest first, and what kind of caller that is', async () => {
  const actors = { sub: 'agent-1', act: { sub: 'agent-2' } }
  const token = mintAccessToken({
    provider: 'keycloak',
    caller: 'agent',
    issuer: app.keycloak.issuer,
    audience: app.resource,
    now: Math.floor(Date.now() / 1000),
    claims: { sub: people.anna.subject, scope: 'read:customers', act: actors, groups: people.anna.groups },
  })
  for (const event of await recordsOfCall(token, '2025-11-25', 'whoami', {}))
    expect(event).toMatchObject({ callerKind: 'agent', actors: ['agent-1', 'agent-2'], subject: people.anna.subject })
})

it('has a service on record without a person', async () => {
  const records = await recordsOfCall(app.tokenOfService(), '2025-11-25', 'whoami', {})
  expect(records).toHaveLength(2)
  for (const event of records) {
    expect(event).toMatchObject({ callerKind: 'service', clientId: 'nightly-report' })
    for (const personal of ['email', 'name', 'department', 'actors']) expect(event).not.toHaveProperty(personal)
  }
})

it('counts every one of many refusals of one token, in a few records', async () => {
  const token = app.tokenOf('anna', { tokenId: 'token-3', scopes: [] })
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_customer', arguments: {} } }
  const answers = await Promise.all(Array.from({ length: 40 }, () => app.post(token, message)))
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403))
  const records = (await app.auditRecords()).filter(({ event }) => event.tokenId === 'token-3')
  expect(records.reduce((sum, { event }) => sum + Number(event.times ?? 1), 0)).toBe(40)
  expect(records.length).toBeLessThan(10)
  for (const { event } of records)
    expect(event).toMatchObject({ outcome: 'refused', tool: 'get_customer', reason: 'insufficient_scope' })
})

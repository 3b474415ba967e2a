import { hasPostgresServer } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { type JoinedReplicas, joinReplicas } from './fixtures/joined-replicas.ts'
import type { PersonName } from './fixtures/people.ts'
import { type TestServer, toolCall } from './fixtures/test-server.ts'

describe.runIf(hasPostgresServer())('two replicas that share one PostgreSQL', { timeout: 60_000 }, () => {
  let joined: JoinedReplicas
  let first: TestServer
  let second: TestServer
  let strategic: string

  beforeAll(async () => {
    joined = await joinReplicas(2)
    ;[first, second] = joined.replicas as [TestServer, TestServer]
    for (const replica of joined.replicas) replica.setClock('2026-11-24T10:00:00+01:00')
    strategic = await firstStrategic()
  }, 60_000)
  afterAll(() => joined.stop())

  const ask: JoinedReplicas['ask'] = (...asked) => joined.ask(...asked)

  const callAt = async (replica: TestServer, person: PersonName, tool: string, args: Record<string, unknown>) => {
    const { text } = await ask(replica, person, '/mcp', toolCall(tool, args))
    return (JSON.parse(text.replace(/^[^{]*/, '')) as { result: { isError?: boolean; structuredContent: unknown } })
      .result
  }
  const deleteAt = async (replica: TestServer) =>
    (await callAt(replica, 'alice', 'delete_customer', { id: strategic })).isError !== true

  async function firstStrategic(): Promise<string> {
    for (let after = 'cust_000'; ; ) {
      const { structuredContent } = await callAt(first, 'alice', 'list_customers', { limit: 100, after })
      const page = structuredContent as { customers: { id: string; strategic: boolean }[]; nextAfter: string }
      const found = page.customers.find((customer) => customer.strategic)
      if (found !== undefined) return found.id
      after = page.nextAfter
    }
  }

  it('let a call through, once, that was asked for at one, approved at the other, and made at both', async () => {
    expect(await deleteAt(first)).toBe(false)
    const { waiting } = JSON.parse((await ask(second, 'carol', '/approvals')).text) as { waiting: { id: string }[] }
    expect((await ask(second, 'carol', '/approvals', { id: waiting[0]?.id })).status).toBe(200)
    expect((await ask(first, 'carol', '/approvals', { id: waiting[0]?.id })).status).toBe(409)
    const made = await Promise.all([first, second, first, second].map(deleteAt))
    expect(made.filter(Boolean)).toHaveLength(1)
  })

  it('know an emergency that was declared at one, and that it ended at the other', async () => {
    const night = '2026-11-24T23:00:00+01:00'
    for (const replica of [first, second]) replica.setClock(night)
    const update = { id: 'cust_001', changes: { notes: 'at night' } }
    const canChange = async () => (await callAt(second, 'carol', 'update_customer', update)).isError !== true
    expect(await canChange()).toBe(false)
    const justification = 'customer data is leaking, INC-42'
    expect((await ask(first, 'carol', '/emergency', { justification })).status).toBe(201)
    await eventually(async () => expect(await canChange()).toBe(true))
    expect((await ask(first, 'carol', '/emergency', undefined, 'DELETE')).status).toBe(200)
    await eventually(async () => expect(await canChange()).toBe(false))
    for (const replica of [first, second]) replica.setClock('2026-11-24T10:00:00+01:00')
  })

  it('refuse what somebody would have to approve while it is away, and nothing else', async () => {
    joined.postgres.kill()
    try {
      expect(await deleteAt(first)).toBe(false)
      expect((await callAt(first, 'anna', 'get_customer', { id: 'cust_001' })).isError).not.toBe(true)
      expect((await ask(second, 'carol', '/approvals')).status).toBe(503)
    } finally {
      joined.postgres.start()
    }
    await eventually(async () => expect((await ask(second, 'carol', '/approvals')).status).toBe(200))
  })
})

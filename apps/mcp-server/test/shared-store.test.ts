import { hasPostgresServer } from '@mcp-identity/test-kit'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { joinTwoReplicas, type ReplicaChoice } from './fixtures/joined-replicas.ts'

describe.runIf(hasPostgresServer())('two replicas that share one PostgreSQL', { timeout: 60_000 }, () => {
  const joined = joinTwoReplicas()
  const { ask, callTool } = joined
  let strategic: string

  beforeAll(async () => {
    for (const replica of [joined.first, joined.second]) replica.setClock('2026-11-24T10:00:00+01:00')
    strategic = await firstStrategic()
  })

  const deleteAt = async (replica: ReplicaChoice) =>
    (await callTool(replica, 'alice', 'delete_customer', { id: strategic })).isError !== true

  async function firstStrategic(): Promise<string> {
    for (let after = 'cust_000'; ; ) {
      const { structuredContent } = await callTool('first', 'alice', 'list_customers', { limit: 100, after })
      const page = structuredContent as { customers: { id: string; strategic: boolean }[]; nextAfter: string }
      const found = page.customers.find((customer) => customer.strategic)
      if (found !== undefined) return found.id
      after = page.nextAfter
    }
  }

  it('let a call through, once, that was asked for at one, approved at the other, and made at both', async () => {
    expect(await deleteAt('first')).toBe(false)
    const { waiting } = JSON.parse((await ask('second', 'carol', '/approvals')).text) as {
      waiting: { id: string }[]
    }
    expect((await ask('second', 'carol', '/approvals', { id: waiting[0]?.id })).status).toBe(200)
    expect((await ask('first', 'carol', '/approvals', { id: waiting[0]?.id })).status).toBe(409)
    const made = await Promise.all((['first', 'second', 'first', 'second'] as const).map(deleteAt))
    expect(made.filter(Boolean)).toHaveLength(1)
  })

  it('know an emergency that was declared at one, and that it ended at the other', async () => {
    const night = '2026-11-24T23:00:00+01:00'
    for (const replica of [joined.first, joined.second]) replica.setClock(night)
    const update = { id: 'cust_001', changes: { notes: 'at night' } }
    const canChange = async () => (await callTool('second', 'carol', 'update_customer', update)).isError !== true
    expect(await canChange()).toBe(false)
    const justification = 'customer data is leaking, INC-42'
    expect((await ask('first', 'carol', '/emergency', { justification })).status).toBe(201)
    await eventually(async () => expect(await canChange()).toBe(true))
    expect((await ask('first', 'carol', '/emergency', undefined, 'DELETE')).status).toBe(200)
    await eventually(async () => expect(await canChange()).toBe(false))
    for (const replica of [joined.first, joined.second]) replica.setClock('2026-11-24T10:00:00+01:00')
  })

  it('refuse what somebody would have to approve while it is away, and nothing else', async () => {
    joined.postgres.kill()
    try {
      expect(await deleteAt('first')).toBe(false)
      expect((await callTool('first', 'anna', 'get_customer', { id: 'cust_001' })).isError).not.toBe(true)
      expect((await ask('second', 'carol', '/approvals')).status).toBe(503)
    } finally {
      joined.postgres.start()
    }
    await eventually(async () => expect((await ask('second', 'carol', '/approvals')).status).toBe(200))
  })
})

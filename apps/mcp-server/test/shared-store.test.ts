import { request } from 'node:http'
import { hasPostgresServer, type PostgresServer, startPostgresServer } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import type { PersonName } from './fixtures/people.ts'
import { startTestServer, type TestServer, toolCall } from './fixtures/test-server.ts'

describe.runIf(hasPostgresServer())('two replicas that share one PostgreSQL', { timeout: 60_000 }, () => {
  let postgres: PostgresServer
  let first: TestServer
  let second: TestServer
  let strategic: string

  beforeAll(async () => {
    postgres = startPostgresServer()
    const shared = { sharedStore: postgres.newDatabase() }
    first = await startTestServer(shared)
    const { keycloak, resource } = first
    second = await startTestServer({
      ...shared,
      resource,
      issuers: [{ provider: 'keycloak', issuer: keycloak.issuer, audience: resource }],
      keycloakEvents: [
        {
          issuer: keycloak.issuer,
          clientId: resource,
          clientSecret: 'a-secret-of-the-resource-server',
          intervalMs: 50,
        },
      ],
    })
    for (const replica of [first, second]) {
      replica.setClock('2026-11-24T10:00:00+01:00')
      await eventually(async () => expect((await replica.get('/readyz')).status).toBe(200))
    }
    strategic = await firstStrategic()
  }, 60_000)
  afterAll(async () => {
    await Promise.all([first.stop(), second.stop()])
    postgres.stop()
  })

  /** As a load balancer hands a request on: to a replica, under the name by which clients know the resource. */
  const ask = (replica: TestServer, person: PersonName, path: string, body?: object, method = body ? 'POST' : 'GET') =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = {
        host: new URL(first.resource).host,
        authorization: `Bearer ${first.tokenOf(person)}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
      }
      const asked = request(`${replica.origin}${path}`, { method, headers }, async (response) => {
        let text = ''
        for await (const chunk of response) text += chunk
        resolve({ status: response.statusCode ?? 0, text })
      })
      asked.once('error', reject)
      asked.end(body && JSON.stringify(body))
    })

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
    postgres.kill()
    try {
      expect(await deleteAt(first)).toBe(false)
      expect((await callAt(first, 'anna', 'get_customer', { id: 'cust_001' })).isError).not.toBe(true)
      expect((await ask(second, 'carol', '/approvals')).status).toBe(503)
    } finally {
      postgres.start()
    }
    await eventually(async () => expect((await ask(second, 'carol', '/approvals')).status).toBe(200))
  })
})

import { request } from 'node:http'
import { hasRedisServer, type RedisServer, startRedisServer } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer, toolCall } from './fixtures/test-server.ts'

const earlier = () => Math.floor(Date.now() / 1000) - 10

describe.skipIf(!hasRedisServer())('two replicas', { timeout: 30_000 }, () => {
  let redis: RedisServer
  let first: TestServer
  let second: TestServer

  beforeAll(async () => {
    redis = await startRedisServer()
    const shared = { redis: { url: redis.url }, feedStalenessBoundMs: 3_000 }
    first = await startTestServer(shared)
    const { issuer } = first.keycloak
    second = await startTestServer({
      ...shared,
      resource: first.resource,
      issuers: [{ provider: 'keycloak', issuer, audience: first.resource }],
      // It reads the events seldom: what it knows soon comes from the other.
      keycloakEvents: [
        { issuer, clientId: first.resource, clientSecret: 'a-secret-of-the-resource-server', intervalMs: 1_000 },
      ],
    })
    await eventually(async () => expect((await first.get('/readyz')).status).toBe(200))
  }, 30_000)
  afterAll(async () => {
    await first.stop()
    await second.stop()
    await redis.stop()
  })

  /** As a load balancer hands a request on: to the replica, under the name by which clients know the resource. */
  const statusAt = (server: TestServer, token: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = request(`${server.origin}/mcp`, {
        method: 'POST',
        headers: {
          host: new URL(first.resource).host,
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-11-25',
        },
      })
      call.once('error', reject)
      call.once('response', (response) => resolve(response.resume().statusCode ?? 0))
      call.end(JSON.stringify(toolCall('whoami')))
    })

  it('refuse both what one of them was told', async () => {
    const token = first.tokenOf('alice', { subject: 'leaver', issuedAt: earlier() })
    await eventually(async () => expect(await statusAt(second, token)).toBe(200))
    first.keycloak.adminEvent({
      operationType: 'UPDATE',
      resourceType: 'USER',
      resourcePath: 'users/leaver',
      representation: '{"enabled":false}',
    })
    await eventually(async () => expect(await statusAt(second, token)).toBe(401))
    expect(await statusAt(first, token)).toBe(401)
  })

  it('answer 503 while the store is away, say so, and go on when it is back', async () => {
    const token = first.tokenOf('bob', { issuedAt: earlier() })
    await eventually(async () => expect(await statusAt(first, token)).toBe(200))
    const linesBefore = first.logLines.length
    redis.freeze()
    try {
      await eventually(async () => expect(await statusAt(first, token)).toBe(503))
      await eventually(() => expect(first.logLines.slice(linesBefore).join('')).toContain('"stale":true'))
      const readiness = await first.get('/readyz')
      expect(readiness.status).toBe(503)
      expect(await readiness.text()).toContain(`news from ${redis.url.replace('redis://', '')}`)
      const metrics = await (await first.get('/metrics')).text()
      const age = /mcp_signal_feed_age_seconds\{feed="replicas",[^}]*\} ([\d.]+)/.exec(metrics)?.[1]
      expect(Number(age)).toBeGreaterThan(3)
    } finally {
      redis.thaw()
    }
    await eventually(async () => expect(await statusAt(first, token)).toBe(200))
    await eventually(async () => {
      const actions = (await first.auditRecords()).map(({ event }) => event.action)
      expect(actions).toEqual(expect.arrayContaining(['signal_feed_stale', 'signal_feed_current']))
    })
  })
})

import { RateLimiterMemory } from 'rate-limiter-flexible'
import { describe, expect, it } from 'vitest'
import { eras, rpc, toolCall } from './support/messages.ts'
import { startServer } from './support/start-server.ts'

describe('the limit for an address', () => {
  it('comes before the token and says when to come back', async () => {
    const server = await startServer({ resource: { rateLimits: { perAddress: { requests: 2, seconds: 60 } } } })
    const statuses: number[] = []
    for (let count = 0; count < 3; count += 1) statuses.push((await fetch(server.url, { method: 'POST' })).status)
    expect(statuses).toEqual([401, 401, 429])
    const response = await fetch(server.url, rpc('2025-11-25', server.mint(), 'ping'))
    expect([response.status, await response.json()]).toEqual([429, { error: 'too_many_requests' }])
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(server.refusals.at(-1)?.reason).toBe('too_many_requests')
    await server.close()
  })

  it('spares the metadata, without which nobody can sign in', async () => {
    const server = await startServer({ resource: { rateLimits: { perAddress: { requests: 1, seconds: 60 } } } })
    for (let count = 0; count < 3; count += 1) expect((await fetch(server.metadataUrl)).status).toBe(200)
    await server.close()
  })

  it('fails closed when its store fails', async () => {
    const perAddress = new RateLimiterMemory({ points: 1, duration: 1 })
    perAddress.consume = () => Promise.reject(new Error('store is down'))
    const server = await startServer({ resource: { rateLimits: { perAddress } } })
    expect((await fetch(server.url, rpc('2025-11-25', server.mint(), 'ping'))).status).toBe(503)
    expect(server.errors).toEqual([new Error('store is down')])
    await server.close()
  })
})

describe.each(eras)('the limit for a caller and a tool, %s', (era) => {
  it('counts each caller and each tool for itself', async () => {
    const server = await startServer({ resource: { rateLimits: { perCallerAndTool: { requests: 1, seconds: 60 } } } })
    const alice = server.mint()
    const bob = server.mint({ claims: { sub: 'bob' } })
    const call = async (token: string, tool: string) =>
      (await fetch(server.url, toolCall(era, token, tool, { id: '7' }))).status
    expect(await call(alice, 'whoami')).toBe(200)
    expect(await call(server.mint({ claims: { jti: 'a new token' } }), 'whoami')).toBe(429)
    expect(await call(alice, 'get_customer')).toBe(200)
    expect(await call(bob, 'whoami')).toBe(200)
    expect(server.refusals.at(-1)).toMatchObject({ reason: 'too_many_requests', token: { clientId: 'mcp-cli' } })
    await server.close()
  })

  it('counts all tools that the caller cannot see as one', async () => {
    const server = await startServer({ resource: { rateLimits: { perCallerAndTool: { requests: 2, seconds: 60 } } } })
    const token = server.mint()
    const guesses = ['one', 'two', 'three'].map((name) => fetch(server.url, toolCall(era, token, name)))
    expect((await Promise.all(guesses)).map((response) => response.status).sort()).toEqual([200, 200, 429])
    await server.close()
  })
})

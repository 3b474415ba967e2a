import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type StartedServer, startServer } from './support/start-server.ts'

let server: StartedServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

/** What the two SDK lines have in common, as far as it is used here. */
interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>
  callTool(params: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>
  close(): Promise<void>
}

const clientInfo = { name: 'test', version: '1.0.0' }

async function connectLegacy(url: string, token: string): Promise<AnyClient> {
  const client = new LegacyClient(clientInfo)
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new LegacyTransport(new URL(url), { requestInit }) as Parameters<typeof client.connect>[0])
  return client as AnyClient
}

const connectModern =
  (versionNegotiation: ConstructorParameters<typeof ModernClient>[1]) =>
  async (url: string, token: string): Promise<AnyClient> => {
    const client = new ModernClient(clientInfo, versionNegotiation)
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    await client.connect(new ModernTransport(new URL(url), { requestInit }))
    return client as AnyClient
  }

const clients = [
  { name: 'SDK v1', connect: connectLegacy },
  { name: 'SDK v2, 2025-11-25', connect: connectModern({ versionNegotiation: { mode: 'legacy' } }) },
  { name: 'SDK v2, negotiating', connect: connectModern({ versionNegotiation: { mode: 'auto' } }) },
  { name: 'SDK v2, 2026-07-28', connect: connectModern({ versionNegotiation: { mode: { pin: '2026-07-28' } } }) },
]

describe.each(clients)('the client of $name', ({ connect }) => {
  it('connects, lists and calls', async () => {
    const client = await connect(server.url, server.mint({ claims: { scope: 'read:customers' } }))
    expect((await client.listTools()).tools.map((tool) => tool.name)).toContain('delete_customer')
    expect(await client.callTool({ name: 'get_customer', arguments: { id: '7' } })).toMatchObject({
      content: [{ type: 'text', text: 'customer 7' }],
    })
    await client.close()
  })

  it('hears of a missing scope and of an unknown tool', async () => {
    const client = await connect(server.url, server.mint({ claims: { scope: 'read:customers' } }))
    await expect(client.callTool({ name: 'delete_customer', arguments: { id: '7' } })).rejects.toThrow(
      /403|scope|Forbidden/i,
    )
    await expect(client.callTool({ name: 'no_such_tool' })).rejects.toThrow('Tool no_such_tool not found')
    await client.close()
  })

  it('is refused without a token', async () => {
    await expect(connect(server.url, 'garbage')).rejects.toThrow(/invalid_token|HTTP 401/)
  })
})

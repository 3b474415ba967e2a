import { protectTool } from '@mcp-identity/mcp-authorization'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { text } from './support/customer-tools.ts'
import { rpc, rpcResponse, toolCall } from './support/messages.ts'
import { type StartedServer, startServer } from './support/start-server.ts'

const meta = 'io.modelcontextprotocol'
const tools = [
  protectTool({ name: 'whoami', scopes: [], handler: () => text('me') }),
  protectTool({
    name: 'by_region',
    scopes: [],
    inputSchema: z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) }),
    handler: ({ region }) => text(region),
  }),
  protectTool({ name: 'breaks', scopes: [], handler: () => Promise.reject(new Error('the tool broke')) }),
]
let server: StartedServer
beforeAll(async () => {
  server = await startServer({ endpoint: { tools } })
})
afterAll(() => server.close())

/** A call of `whoami` in 2026-07-28, with its message or its headers changed. */
async function send(change: {
  headers?: Record<string, string>
  message?: Record<string, unknown>
  meta?: Record<string, unknown>
}) {
  const plain = toolCall('2026-07-28', server.mint(), 'whoami')
  const message = JSON.parse(String(plain.body))
  const params = { ...message.params, _meta: { ...message.params._meta, ...change.meta } }
  const body = JSON.stringify({ ...message, params, ...change.message })
  const response = await fetch(server.url, { ...plain, body, headers: { ...plain.headers, ...change.headers } })
  const { error, result } = (await rpcResponse(response)) as { error?: { code: number }; result?: object }
  return [response.status, error?.code ?? (result === undefined ? 'nothing' : 'result')]
}

describe('the rules of the SDK hold for calls that do not go through its handler', () => {
  it.each<[string, Parameters<typeof send>[0], [number, unknown]]>([
    ['a plain call', {}, [200, 'result']],
    ['another method in the header', { headers: { 'mcp-method': 'tools/list' } }, [400, -32020]],
    ['another tool in the header', { headers: { 'mcp-name': 'run_report' } }, [400, -32020]],
    ['the tool in the header in base64', { headers: { 'mcp-name': '=?base64?d2hvYW1p?=' } }, [200, 'result']],
    ['another revision in the header', { headers: { 'mcp-protocol-version': '2025-11-25' } }, [400, -32020]],
    [
      'a revision that nobody serves',
      { headers: { 'mcp-protocol-version': '2030-01-01' }, meta: { [`${meta}/protocolVersion`]: '2030-01-01' } },
      [400, -32022],
    ],
    ['no client information', { meta: { [`${meta}/clientInfo`]: undefined } }, [200, 'result']],
    ['capabilities that are no object', { meta: { [`${meta}/clientCapabilities`]: 'all' } }, [400, -32602]],
    ['a progress token', { meta: { progressToken: 7 } }, [200, 'result']],
    ['a related task that is none', { meta: { [`${meta}/related-task`]: 'task' } }, [400, -32600]],
    ['a progress token that is none', { meta: { progressToken: { a: 1 } } }, [400, -32600]],
    ['an id that is no number', { message: { id: 1.5 } }, [400, -32600]],
    ['a member too many', { message: { extra: true } }, [400, -32600]],
    ['another version of JSON-RPC', { message: { jsonrpc: '1.0' } }, [400, -32600]],
    ['no envelope under a header that asks for one', { message: { params: { name: 'whoami' } } }, [400, -32602]],
  ])('for %s', async (_title, change, expected) => {
    expect(await send(change)).toEqual(expected)
  })

  it('for arguments that are repeated in headers', async () => {
    const call = toolCall('2026-07-28', server.mint(), 'by_region', { region: 'EU' })
    const send = async (region: string) =>
      (await fetch(server.url, { ...call, headers: { ...call.headers, 'mcp-param-region': region } })).status
    expect([await send('EU'), await send('US')]).toEqual([200, 400])
  })

  it('for a client of 2025-11-25 that would not take JSON', async () => {
    const call = toolCall('2025-11-25', server.mint(), 'whoami')
    const response = await fetch(server.url, { ...call, headers: { ...call.headers, accept: 'application/json' } })
    expect(response.status).toBe(406)
  })

  it.each(['2025-11-25', '2026-07-28'] as const)('for a tool that breaks, %s', async (era) => {
    const response = await fetch(server.url, toolCall(era, server.mint(), 'breaks'))
    expect(await rpcResponse(response)).toMatchObject({
      result: { isError: true, content: [{ text: 'the tool broke' }] },
    })
  })

  it('for the handshake, whatever was called before', async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    const response = await fetch(server.url, rpc('2025-11-25', server.mint(), 'initialize', params))
    expect(await rpcResponse(response)).toMatchObject({ result: { protocolVersion: '2025-11-25' } })
  })
})

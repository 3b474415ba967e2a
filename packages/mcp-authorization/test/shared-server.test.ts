import { McpServer } from '@modelcontextprotocol/server'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../src/answer.ts'
import { createSharedServer } from '../src/shared-server.ts'
import { text } from './support/customer-tools.ts'

const request = { jsonrpc: '2.0' as const, id: 'a', method: 'tools/call', params: { name: 'whoami' } }
const inputs = { authInfo: { token: '', clientId: 'test', scopes: [] }, headers: {}, onDone: () => undefined }

function createServer(): McpServer {
  const server = new McpServer({ name: 'test', version: '1.0.0' })
  server.registerTool('whoami', {}, () => text('me'))
  return server
}

describe('a shared server', () => {
  it.each([
    ['takes requests in where the SDK takes them in', createServer()],
    // A later version may name its private method otherwise.
    ['hands them to the transport where the SDK has no such place', without(createServer(), '_onrequest')],
  ])('%s', async (_title, server) => {
    const shared = await createSharedServer(server, undefined)
    const answer = (await shared.call(request, inputs)?.answer) as Answer
    expect(JSON.parse(answer.body ?? '')).toMatchObject({ id: 'a', result: { content: [{ text: 'me' }] } })
    await shared.close()
  })
})

/** A server whose `name` can only be reached by itself: who looks for it there finds nothing. */
function without(server: McpServer, name: string): McpServer {
  const low = server.server
  const seen = new Proxy(low, {
    get: (target, member) => (member === name ? undefined : bound(target, Reflect.get(target, member))),
  })
  Object.defineProperty(server, 'server', { value: seen })
  return server
}

function bound(target: object, member: unknown): unknown {
  return typeof member === 'function' ? member.bind(target) : member
}

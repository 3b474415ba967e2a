import { setImmediate } from 'node:timers/promises'
import { protectTool, type ToolResult } from '@mcp-identity/mcp-authorization'
import { describe, expect, it } from 'vitest'
import { text } from './support/customer-tools.ts'
import { type Era, eras, rpc, rpcResponse, toolCall } from './support/messages.ts'
import { runningClock, type StartedServer, type StartOptions, startServer } from './support/start-server.ts'

const modern: Era = '2026-07-28'
const listen = (token: string) =>
  rpc(modern, token, 'subscriptions/listen', { notifications: { toolsListChanged: true } })

/** A tool that runs until it is told to go on, and remembers what became of its signal. */
function slowTool() {
  let started: () => void = () => undefined
  let goOn: (result: ToolResult) => void = () => undefined
  const hasStarted = new Promise<void>((resolve) => {
    started = resolve
  })
  const state = { reason: undefined as unknown, hasStarted, finish: () => goOn(text('secret result')) }
  const tool = protectTool({
    name: 'slow',
    scopes: [],
    handler: (_args, { signal }) =>
      new Promise((resolve) => {
        goOn = resolve
        signal.addEventListener('abort', () => {
          state.reason = signal.reason
        })
        started()
      }),
  })
  return { ...state, state, tool }
}

async function withServer(options: StartOptions, act: (server: StartedServer) => Promise<void>): Promise<void> {
  const server = await startServer(options)
  try {
    await act(server)
  } finally {
    await server.close()
  }
}

describe.each(eras)('a running call, %s', (era) => {
  it('is aborted and answered with 401 when the right to it ends', async () => {
    const slow = slowTool()
    await withServer({ endpoint: { tools: [slow.tool] } }, async (server) => {
      const response = fetch(server.url, toolCall(era, server.mint(), 'slow'))
      await slow.hasStarted
      expect(server.endpoint.calls.size).toBe(1)
      const ended = server.endpoint.calls.endWhere((token) => token.caller.email === 'alice@company.com', 'disabled')
      expect(ended).toBe(1)
      expect((await response).status).toBe(401)
      expect((await response).headers.get('www-authenticate')).toContain('error="invalid_token"')
      expect(String(slow.state.reason)).toContain('disabled')
      expect(server.refusals.at(-1)?.reason).toBe('call_ended')
      slow.finish()
      await setImmediate()
      expect(server.endpoint.calls.size).toBe(0)
    })
  })

  it('is not begun when the right to it ends while its body is still on the way', async () => {
    await withServer({}, async (server) => {
      const { headers, body } = toolCall(era, server.mint(), 'whoami')
      const [first, rest] = [String(body).slice(0, 10), String(body).slice(10)]
      const parts = new TransformStream<Uint8Array, Uint8Array>()
      const writer = parts.writable.getWriter()
      const encoder = new TextEncoder()
      const response = fetch(server.url, {
        method: 'POST',
        headers,
        body: parts.readable,
        duplex: 'half',
      } as RequestInit)
      await writer.write(encoder.encode(first))
      await expect.poll(() => server.endpoint.calls.size).toBe(1)
      server.endpoint.calls.endWhere(() => true, 'disabled')
      await writer.write(encoder.encode(rest))
      await writer.close()
      expect((await response).status).toBe(401)
      expect(server.endpoint.calls.size).toBe(0)
      expect(server.refusals.map(({ reason, token }) => [reason, token?.caller.email])).toEqual([
        ['call_ended', 'alice@company.com'],
      ])
    })
  })

  it('goes on when the right of somebody else ends', async () => {
    const slow = slowTool()
    await withServer({ endpoint: { tools: [slow.tool] } }, async (server) => {
      const response = fetch(server.url, toolCall(era, server.mint(), 'slow'))
      await slow.hasStarted
      expect(server.endpoint.calls.endWhere((token) => token.caller.email === 'bob@company.com', 'disabled')).toBe(0)
      slow.finish()
      expect(await rpcResponse(await response)).toMatchObject({ result: { content: [{ text: 'secret result' }] } })
    })
  })

  it('ends at the expiry of its token', async () => {
    const slow = slowTool()
    await withServer({ clock: runningClock(), endpoint: { tools: [slow.tool] } }, async (server) => {
      const token = server.mint({ now: Math.floor(Date.now() / 1000), lifetimeSeconds: 1 })
      const response = await fetch(server.url, toolCall(era, token, 'slow'))
      expect(response.status).toBe(401)
      expect(String(slow.state.reason)).toContain('expired')
    })
  })

  it('is aborted when its caller goes away', async () => {
    const slow = slowTool()
    await withServer({ endpoint: { tools: [slow.tool] } }, async (server) => {
      const caller = new AbortController()
      const response = fetch(server.url, { ...toolCall(era, server.mint(), 'slow'), signal: caller.signal })
      await slow.hasStarted
      caller.abort()
      await expect(response).rejects.toThrow()
      await expect.poll(() => slow.state.reason).toBeDefined()
      expect(server.endpoint.calls.size).toBe(0)
      expect(server.refusals).toEqual([])
    })
  })

  it('yields nothing when the cut-off comes while the tool finishes', async () => {
    let isCutOff = false
    const tool = protectTool({
      name: 'fast',
      scopes: [],
      handler: () => {
        isCutOff = true
        return text('secret result')
      },
    })
    const reasonToWithhold = () => (isCutOff ? 'disabled' : undefined)
    await withServer({ endpoint: { tools: [tool], reasonToWithhold } }, async (server) => {
      const response = await fetch(server.url, toolCall(era, server.mint(), 'fast'))
      expect([response.status, await response.text()]).toEqual([401, expect.not.stringContaining('secret')])
      expect(server.refusals.at(-1)?.reason).toBe('call_ended')
    })
  })

  it('may report progress before its result, as a stream', async () => {
    const tool = protectTool({
      name: 'chatty',
      scopes: [],
      handler: async (_args, { context }) => {
        const params = { progressToken: 'p', progress: 1 }
        await context.mcpReq.notify({ method: 'notifications/progress', params })
        return text('done')
      },
    })
    await withServer({ endpoint: { tools: [tool] } }, async (server) => {
      const response = await fetch(server.url, toolCall(era, server.mint(), 'chatty'))
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
      const messages = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'))
      expect(messages.map((line) => JSON.parse(line.slice(6)))).toMatchObject([
        { method: 'notifications/progress', params: { progressToken: 'p' } },
        { id: 'request-1', result: { content: [{ text: 'done' }] } },
      ])
    })
  })

  it('that has reported progress is cut off in the middle, without its result', async () => {
    const tool = protectTool({
      name: 'chatty',
      scopes: [],
      handler: async (_args, { context }) => {
        await context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } })
        await new Promise<void>((resolve) => {
          context.mcpReq.signal.addEventListener('abort', () => resolve())
        })
        return text('secret result')
      },
    })
    await withServer({ endpoint: { tools: [tool] } }, async (server) => {
      const response = await fetch(server.url, toolCall(era, server.mint(), 'chatty'))
      server.endpoint.calls.endWhere(() => true, 'disabled')
      const received = await response.text()
      expect(received).toContain('notifications/progress')
      expect(received).not.toContain('secret')
      expect(server.endpoint.calls.size).toBe(0)
    })
  })

  it('keeps its own answer when another caller uses the same request id', async () => {
    const tool = protectTool({ name: 'echo', scopes: [], handler: (_args, { token }) => text(token.subject) })
    await withServer({ endpoint: { tools: [tool] } }, async (server) => {
      const subjects = Array.from({ length: 50 }, (_, index) => `subject-${index}`)
      const answers = await Promise.all(
        subjects.map(async (sub) =>
          rpcResponse(await fetch(server.url, toolCall(era, server.mint({ claims: { sub } }), 'echo'))),
        ),
      )
      expect(answers.map((answer) => (answer.result as { content: { text: string }[] }).content[0]?.text)).toEqual(
        subjects,
      )
    })
  })
})

describe('an open stream (subscriptions/listen)', () => {
  it('receives what the server publishes, and closes when the right to it ends', async () => {
    await withServer({}, async (server) => {
      const response = await fetch(server.url, listen(server.mint()))
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
      expect(server.endpoint.calls.size).toBe(1)
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      expect((await reader?.read())?.value).toContain('notifications/subscriptions/acknowledged')
      server.endpoint.notify.toolsChanged()
      expect((await reader?.read())?.value).toContain('notifications/tools/list_changed')
      const ended = server.endpoint.calls.endWhere((_token, kind) => kind === 'stream', 'disabled')
      expect(ended).toBe(1)
      expect(await reader?.read()).toEqual({ done: true, value: undefined })
      expect(server.endpoint.calls.size).toBe(0)
    })
  })

  it('closes at the expiry of its token', async () => {
    await withServer({ clock: runningClock() }, async (server) => {
      const token = server.mint({ now: Math.floor(Date.now() / 1000), lifetimeSeconds: 1 })
      const response = await fetch(server.url, listen(token))
      await response.text()
      expect(server.endpoint.calls.size).toBe(0)
    })
  })

  it('is one of a limited number for each caller', async () => {
    await withServer({ endpoint: { maxStreamsPerCaller: 2 } }, async (server) => {
      const caller = new AbortController()
      const open = (token: string) => fetch(server.url, { ...listen(token), signal: caller.signal })
      const first = await open(server.mint())
      const second = await open(server.mint({ claims: { jti: 'another token' } }))
      const third = await open(server.mint())
      const other = await open(server.mint({ claims: { sub: 'somebody else' } }))
      expect([first, second, third, other].map((response) => response.status)).toEqual([200, 200, 429, 200])
      expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(server.refusals.at(-1)?.reason).toBe('too_many_streams')
      caller.abort()
      await expect.poll(() => server.endpoint.calls.size).toBe(0)
      expect((await fetch(server.url, listen(server.mint()))).status).toBe(200)
    })
  })

  it('is counted also when many are opened at once', async () => {
    await withServer({ endpoint: { maxStreamsPerCaller: 2 } }, async (server) => {
      const token = server.mint()
      const responses = await Promise.all(
        Array.from({ length: 10 }, () => server.endpoint.fetch(new Request(server.url, listen(token)))),
      )
      expect(responses.map(({ status }) => status).filter((status) => status === 200)).toEqual([200, 200])
    })
  })
})

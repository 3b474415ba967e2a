import type { IncomingMessage, Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { McpEndpoint } from '@mcp-identity/mcp-authorization'
import { mcpExpress } from '@mcp-identity/mcp-authorization/express'
import { mcpFastify } from '@mcp-identity/mcp-authorization/fastify'
import { toFetchHandler } from '@mcp-identity/mcp-authorization/fetch'
import { mcpHono } from '@mcp-identity/mcp-authorization/hono'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eras, rpc, rpcResponse, toolCall } from './support/messages.ts'
import { rawRequest, sendRaw } from './support/raw-http.ts'
import { type StartedServer, startServer } from './support/start-server.ts'

interface Adapter {
  readonly name: string
  readonly mount: (endpoint: McpEndpoint, server: Server) => void | Promise<void>
  /** Whether the adapter leaves other paths to the application. */
  readonly passesOn: boolean
}

const adapters: readonly Adapter[] = [
  {
    name: 'node:http',
    mount: (endpoint, server) => void server.on('request', toNodeListener(endpoint)),
    passesOn: false,
  },
  {
    name: 'fetch',
    mount: (endpoint, server) => void server.on('request', getRequestListener(toFetchHandler(endpoint))),
    passesOn: false,
  },
  {
    name: 'Express',
    mount(endpoint, server) {
      const app = express().use(mcpExpress(endpoint)).use(express.json())
      server.on(
        'request',
        app.get('/healthz', (_request, response) => void response.send('ok')),
      )
    },
    passesOn: true,
  },
  {
    name: 'Hono',
    mount(endpoint, server) {
      const app = new Hono().use(mcpHono(endpoint)).get('/healthz', (context) => context.text('ok'))
      server.on('request', getRequestListener(app.fetch))
    },
    passesOn: true,
  },
  {
    name: 'Fastify',
    async mount(endpoint, server) {
      const app = fastify({ serverFactory: (handler) => server.on('request', handler) })
      await app.register(mcpFastify(endpoint))
      await app.get('/healthz', () => 'ok').ready()
    },
    passesOn: true,
  },
]

describe.each(adapters)('the adapter for $name', ({ mount, passesOn }) => {
  let server: StartedServer
  beforeAll(async () => {
    server = await startServer({ mount })
  })
  afterAll(() => server.close())

  it.each(eras)('carries calls, lists and streams, %s', async (era) => {
    const called = await fetch(server.url, toolCall(era, server.mint(), 'get_customer', { id: '7' }))
    expect(await rpcResponse(called)).toMatchObject({ result: { content: [{ text: 'customer 7' }] } })
    const listed = await fetch(server.url, rpc(era, server.mint(), 'tools/list'))
    expect(await rpcResponse(listed)).toMatchObject({ result: { tools: expect.any(Array) } })
    expect(called.headers.get('cache-control')).toBe('no-store')
  })

  it('ends a stream together with the right to it', async () => {
    const params = { notifications: { toolsListChanged: true } }
    const response = await fetch(server.url, rpc('2026-07-28', server.mint(), 'subscriptions/listen', params))
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    server.endpoint.calls.endWhere(() => true, 'disabled')
    expect(await response.text()).not.toContain('disabled')
  })

  it('lets go of a stream whose caller went away', async () => {
    const caller = new AbortController()
    const params = { notifications: { toolsListChanged: true } }
    const init = rpc('2026-07-28', server.mint(), 'subscriptions/listen', params)
    const response = await fetch(server.url, { ...init, signal: caller.signal })
    expect(response.status).toBe(200)
    expect(server.endpoint.calls.size).toBe(1)
    caller.abort()
    await expect.poll(() => server.endpoint.calls.size).toBe(0)
  })

  it('challenges before a body is read', async () => {
    const response = await fetch(server.url, { ...rpc('2025-11-25', undefined, 'ping'), body: '{"broken' })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain(`resource_metadata="${server.metadataUrl}"`)
    expect(await response.json()).toEqual({ error: 'unauthorized' })
  })

  it('sees two Authorization headers as two', async () => {
    const { host } = new URL(server.url)
    const headers = [
      `Host: ${host}`,
      `Authorization: Bearer ${server.mint()}`,
      `Authorization: Bearer ${server.mint()}`,
    ]
    expect((await sendRaw(server.origin, rawRequest('POST /mcp HTTP/1.1', headers))).status).toBe(400)
  })

  it('refuses a foreign Host and too long a body', async () => {
    const evil = await sendRaw(server.origin, rawRequest('POST /mcp HTTP/1.1', ['Host: evil.example']))
    expect([evil.status, evil.body]).toEqual([403, '{"error":"forbidden"}'])
    const { host } = new URL(server.url)
    const headers = [`Host: ${host}`, `Authorization: Bearer ${server.mint()}`, 'Content-Type: application/json']
    const long = await sendRaw(server.origin, rawRequest('POST /mcp HTTP/1.1', headers, ' '.repeat(300_000)))
    expect([0, 413]).toContain(long.status)
  })

  it('serves the metadata', async () => {
    const metadata = (await (await fetch(server.metadataUrl)).json()) as { resource: string }
    expect(metadata.resource).toBe(server.url)
  })

  it('leaves other paths alone', async () => {
    const response = await fetch(`${server.origin}/healthz`)
    expect([response.status, passesOn]).toEqual(passesOn ? [200, true] : [404, false])
  })
})

/** An address that a proxy in front vouches for. */
const forwardedTo = (header: string | string[] | null | undefined) => String(header ?? '')
const webAddress = (request: Request) => forwardedTo(request.headers.get('x-real-ip'))
const nodeAddress = ({ headers }: IncomingMessage) => forwardedTo(headers['x-real-ip'])

describe.each<[name: string, mount: Adapter['mount']]>([
  [
    'node:http',
    (endpoint, server) => void server.on('request', toNodeListener(endpoint, { remoteAddressOf: nodeAddress })),
  ],
  ['fetch', (endpoint, server) => void server.on('request', getRequestListener(toFetchHandler(endpoint, webAddress)))],
  [
    'Express',
    (endpoint, server) =>
      void server.on('request', express().use(mcpExpress(endpoint, { remoteAddressOf: nodeAddress }))),
  ],
  [
    'Hono',
    (endpoint, server) =>
      void server.on('request', getRequestListener(new Hono().use(mcpHono(endpoint, webAddress)).fetch)),
  ],
  [
    'Fastify',
    async (endpoint, server) => {
      const app = fastify({ serverFactory: (handler) => server.on('request', handler) })
      await app.register(mcpFastify(endpoint, { remoteAddressOf: nodeAddress })).ready()
    },
  ],
])('the adapter for %s behind a proxy', (_name, mount) => {
  it('counts the addresses that the proxy names', async () => {
    const server = await startServer({
      mount,
      resource: { rateLimits: { perAddress: { requests: 1, seconds: 60 } } },
    })
    try {
      const ask = async (address: string) =>
        (await fetch(server.url, { method: 'POST', headers: { 'x-real-ip': address } })).status
      expect([await ask('192.0.2.1'), await ask('192.0.2.1'), await ask('192.0.2.2')]).toEqual([401, 429, 401])
    } finally {
      await server.close()
    }
  })
})

describe('an Express application that reads bodies first', () => {
  it('gets an answer even where it kept nothing of the body', async () => {
    const mount = (endpoint: McpEndpoint, http: Server): void => {
      const drop = express().use((request, _response, next) => void request.resume().on('end', () => next()))
      http.on('request', drop.use(mcpExpress(endpoint)))
    }
    const server = await startServer({ mount })
    expect((await fetch(server.url, toolCall('2025-11-25', server.mint(), 'whoami'))).status).toBe(400)
    await server.close()
  })

  it('is served with the body that it read', async () => {
    const mount = (endpoint: McpEndpoint, http: Server): void => {
      http.on('request', express().use(express.json()).use(mcpExpress(endpoint)))
    }
    const server = await startServer({ mount })
    const response = await fetch(server.url, toolCall('2025-11-25', server.mint(), 'get_customer', { id: '7' }))
    expect(await rpcResponse(response)).toMatchObject({ result: { content: [{ text: 'customer 7' }] } })
    await server.close()
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpc } from './support/messages.ts'
import { type RawAnswer, rawRequest, sendRaw } from './support/raw-http.ts'
import { type StartedServer, startServer } from './support/start-server.ts'

let server: StartedServer
let host: string
beforeAll(async () => {
  server = await startServer()
  host = `Host: ${new URL(server.url).host}`
})
afterAll(() => server.close())

const json = 'Content-Type: application/json'
const canary = 'c4n4ry'
const listTools = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'

/** What must hold for every answer, whatever was asked. */
function expectHarmless(answer: RawAnswer): void {
  expect(answer.status).toBeLessThan(500)
  expect(answer.text).not.toContain(canary)
  expect(answer.text).not.toMatch(/<html|<!doctype|\bat .*\.(ts|js|mjs):\d+/i)
  expect(answer.headers.has('x-powered-by')).toBe(false)
  if (answer.body !== '') expect(() => JSON.parse(answer.body)).not.toThrow()
}

interface Hostile {
  readonly title: string
  readonly message: (token: string) => string
  /** Statuses that may come back; 0 is a connection closed without an answer. */
  readonly statuses: readonly number[]
}

const post = (headers: readonly string[], body = listTools) =>
  rawRequest('POST /mcp HTTP/1.1', [host, json, ...headers], body)

const requests: readonly Hostile[] = [
  {
    title: 'two Authorization headers',
    message: (token) => post([`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]),
    statuses: [400],
  },
  {
    title: 'two Authorization headers, the first one good',
    message: (token) => post([`Authorization: Bearer ${token}`, `authorization: Bearer ${canary}`]),
    statuses: [400],
  },
  {
    title: 'two tokens in a comma list',
    message: (token) => post([`Authorization: Bearer ${canary}, Bearer ${token}`]),
    statuses: [400],
  },
  {
    title: 'a header folded over two lines (RFC 9112 section 5.2)',
    message: (token) => post([`Authorization: Bearer`, ` ${token}`]),
    statuses: [400],
  },
  {
    title: 'a tab between scheme and token',
    message: (token) => post([`Authorization: Bearer\t${token}`]),
    statuses: [400],
  },
  {
    title: 'a space before the colon',
    message: (token) => post([`Authorization : Bearer ${token}`]),
    statuses: [400],
  },
  {
    title: 'a carriage return inside a header',
    message: (token) => post([`Authorization: Bearer ${token}\rX-Injected: ${canary}`]),
    statuses: [400],
  },
  {
    title: 'a NUL inside a header',
    message: (token) => post([`Authorization: Bearer ${token}\0`]),
    statuses: [400],
  },
  {
    title: 'bytes beyond ASCII inside a token',
    message: (token) => post([`Authorization: Bearer ${token}\xff\xfe`]),
    statuses: [400, 401],
  },
  {
    title: 'a token of 15 kB',
    message: () => post([`Authorization: Bearer ${canary.repeat(2500)}`]),
    statuses: [400, 401, 413, 431],
  },
  {
    title: 'headers of 100 kB',
    message: () => post([`X-Large: ${canary.repeat(17_000)}`]),
    statuses: [0, 431],
  },
  {
    title: 'a token in the query',
    message: (token) => rawRequest(`POST /mcp?access_token=${token} HTTP/1.1`, [host, json], listTools),
    statuses: [400],
  },
  {
    title: 'a token in the query under an encoded name',
    message: (token) => rawRequest(`POST /mcp?%61ccess_token=${token} HTTP/1.1`, [host, json], listTools),
    statuses: [400],
  },
  { title: 'an evil Host', message: (token) => evilHost(token, 'Host: evil.example'), statuses: [403] },
  { title: 'no Host', message: (token) => evilHost(token, undefined), statuses: [400] },
  { title: 'two Hosts', message: (token) => evilHost(token, `${host}\r\nHost: evil.example`), statuses: [400, 403] },
  {
    title: 'a Host with user information',
    message: (token) => evilHost(token, `Host: evil@127.0.0.1`),
    statuses: [400, 403],
  },
  { title: 'bad JSON without a token', message: () => post([], `{"${canary}`), statuses: [401] },
  {
    title: 'bad JSON with a token',
    message: (token) => post([`Authorization: Bearer ${token}`], `{"${canary}`),
    statuses: [400],
  },
  {
    title: 'JSON that is no message',
    message: (token) => post([`Authorization: Bearer ${token}`], '"c4"'),
    statuses: [400],
  },
  { title: 'an empty body', message: (token) => post([`Authorization: Bearer ${token}`], ''), statuses: [400] },
  {
    title: 'HTML for JSON',
    message: (token) =>
      rawRequest(
        'POST /mcp HTTP/1.1',
        [host, `Authorization: Bearer ${token}`, 'Content-Type: text/html'],
        `<p>${canary}`,
      ),
    statuses: [415],
  },
  {
    title: 'a name twice in the message',
    message: (token) =>
      post([`Authorization: Bearer ${token}`], '{"jsonrpc":"2.0","id":1,"method":"ping","m\\u0065thod":"tools/list"}'),
    statuses: [400],
  },
  {
    title: 'a tool named twice',
    message: (token) =>
      post(
        [`Authorization: Bearer ${token}`],
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","name":"run_report"}}',
      ),
    statuses: [400],
  },
  {
    title: '__proto__ among the arguments',
    message: (token) =>
      post(
        [`Authorization: Bearer ${token}`],
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_customer","arguments":{"id":"1","__proto__":{"admin":true}}}}',
      ),
    statuses: [400],
  },
  {
    title: 'a request that overrides its method',
    message: (token) =>
      rawRequest(
        'GET /mcp HTTP/1.1',
        [host, `Authorization: Bearer ${token}`, 'X-HTTP-Method-Override: POST'],
        listTools,
      ),
    statuses: [405],
  },
  {
    title: 'a body with two lengths',
    message: (token) =>
      `POST /mcp HTTP/1.1\r\n${host}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\nContent-Length: 46\r\nConnection: close\r\n\r\n${listTools}`,
    statuses: [400],
  },
  {
    title: 'a body with a length and chunks',
    message: (token) =>
      `POST /mcp HTTP/1.1\r\n${host}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`,
    statuses: [400],
  },
]

function evilHost(token: string, line: string | undefined): string {
  const headers = [...(line === undefined ? [] : [line]), json, `Authorization: Bearer ${token}`]
  return rawRequest('POST /mcp HTTP/1.1', headers, listTools)
}

describe('hostile requests', () => {
  it.each(requests)('refuses $title', async ({ message, statuses }) => {
    const answer = await sendRaw(server.origin, message(server.mint()))
    expect(statuses).toContain(answer.status)
    expectHarmless(answer)
  })

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'])(
    'refuses %s without a token as anything else, and with one as not allowed',
    async (method) => {
      const without = await sendRaw(server.origin, rawRequest(`${method} /mcp HTTP/1.1`, [host]))
      expectHarmless(without)
      expect(without.status).toBe(401)
      const bearer = `Authorization: Bearer ${server.mint()}`
      const withToken = await sendRaw(server.origin, rawRequest(`${method} /mcp HTTP/1.1`, [host, bearer]))
      expectHarmless(withToken)
      expect([withToken.status, withToken.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    },
  )

  it.each([
    '/MCP',
    '/mcp/',
    '//mcp',
    '/./mcp',
    '/x/../mcp',
    '/%6dcp',
    '/mcp%20',
    '/mcp;a=b',
    '/mcp/.',
    '/mcp%00',
    '/mcp%2f',
    '\\mcp',
    '/mcp/tools/list',
    'http://evil.example/mcp',
    '*',
  ])('serves nothing at %s', async (path) => {
    const bearer = `Authorization: Bearer ${server.mint()}`
    const answer = await sendRaw(server.origin, rawRequest(`POST ${path} HTTP/1.1`, [host, json, bearer], listTools))
    expectHarmless(answer)
    expect([0, 400, 404]).toContain(answer.status)
  })

  it('does not read 10 MB from somebody without a token, nor from somebody with one', async () => {
    const body = new Uint8Array(10 * 1024 * 1024).fill(0x20)
    const statuses = async (headers: Record<string, string>) =>
      fetch(server.url, { method: 'POST', body, headers }).then(
        (response) => response.status,
        () => 0,
      )
    expect([0, 401, 413]).toContain(await statuses({}))
    const authorization = `Bearer ${server.mint()}`
    expect([0, 413]).toContain(await statuses({ authorization, 'content-type': 'application/json' }))
  })

  it('stops reading chunks beyond the limit', async () => {
    const bearer = `Authorization: Bearer ${server.mint()}`
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
    const head = `POST /mcp HTTP/1.1\r\n${host}\r\n${json}\r\n${bearer}\r\nTransfer-Encoding: chunked\r\n\r\n`
    const answer = await sendRaw(server.origin, head + chunk.repeat(8))
    expect([0, 413]).toContain(answer.status)
  })

  it('serves a good request after 300 bad ones', async () => {
    await Promise.all(Array.from({ length: 300 }, () => fetch(server.url, rpc('2026-07-28', 'bad', 'ping'))))
    expect((await fetch(server.url, rpc('2025-11-25', server.mint(), 'ping'))).status).toBe(200)
  })
})

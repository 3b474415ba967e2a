import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mintAccessToken } from '@mcp-identity/test-kit'
import { type Load, runClosedLoop } from './load.ts'
import type { Audience, Setting, Variant } from './variants.ts'

/** Until the compiler has nothing left to do: a server runs for days. */
const warmUpRequests = 15_000

export const revisions = ['2026-07-28', '2025-11-25'] as const
export type Revision = (typeof revisions)[number]

/** Where tokens come from, and the keys to verify them with. */
export interface TokenSource {
  readonly issuer: string
  readonly jwksUri: string
}

/** A server in a process of its own, and one request that it answers. */
export interface Contestant {
  readonly variant: Variant
  readonly revision: Revision
  readonly child: ChildProcess
  readonly load: Load
  /** Ends the server and removes what it kept. */
  stop(): Promise<void>
}

/** Starts a server, waits until it answers, and warms it up. */
export async function startContestant(
  variant: Variant,
  revision: Revision,
  source: TokenSource,
  requests: number,
): Promise<Contestant> {
  const port = await freePort()
  const resource = `http://127.0.0.1:${port}/mcp`
  const server = fileURLToPath(new URL('./serve.ts', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'mcp-server-bench-'))
  const setting: Setting = { ...audienceFor(source, resource), folder }
  const child = fork(server, [variant.name, JSON.stringify(setting)], { execArgv: ['--no-warnings'] })
  child.once('exit', () => rmSync(folder, { recursive: true }))
  async function stop(): Promise<void> {
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
  }
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', () => reject(new Error(`${variant.name} did not start`)))
  })
  const load = { port, request: requestFor(source, resource, revision), connections: 32, requests }
  await runClosedLoop({ ...load, requests: warmUpRequests })
  return { variant, revision, child, load, stop }
}

/** Sends a message to a server under measurement and waits for its answer. */
export function ask<Answer>({ child }: Contestant, message: string): Promise<Answer> {
  return new Promise((resolve) => {
    child.once('message', (answer: Answer) => resolve(answer))
    child.send(message)
  })
}

export function audienceFor({ issuer, jwksUri }: TokenSource, resource: string): Audience {
  return { resource, issuer, jwksUri }
}

/** An access token for the resource, valid for an hour. */
export function mintFor({ issuer }: TokenSource, resource: string): string {
  const claims = { scope: 'read:customers' }
  const now = Math.floor(Date.now() / 1000)
  return mintAccessToken({ provider: 'keycloak', issuer, audience: resource, now, claims, lifetimeSeconds: 3600 })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function requestFor(source: TokenSource, resource: string, revision: Revision): Buffer {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const isStateless = revision === '2026-07-28'
  const params = { name: 'echo', arguments: { text: 'hello' }, ...(isStateless ? { _meta } : {}) }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const headers = [
    'POST /mcp HTTP/1.1',
    `Host: ${new URL(resource).host}`,
    `Authorization: Bearer ${mintFor(source, resource)}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `MCP-Protocol-Version: ${revision}`,
    ...(isStateless ? ['Mcp-Method: tools/call', 'Mcp-Name: echo'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${body}`)
}

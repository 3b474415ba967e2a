import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createMcpEndpoint,
  createProtectedResource,
  type ProtectedResource,
  protectTool,
  type TokenVerifier,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import { createAccessTokenVerifier, keycloak } from '@mcp-identity/token-verifier'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { pino } from 'pino'
import { z } from 'zod'
import { readConfig } from '../src/config.ts'
import { startServer } from '../src/start-server.ts'

/** What a server under measurement needs to know. */
export interface Setting {
  readonly resource: string
  readonly issuer: string
  readonly jwksUri: string
}

const inputSchema = z.object({ text: z.string() })
const echo = ({ text }: { text: string }) => ({ content: [{ type: 'text' as const, text }] })

const bareEcho: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { id, params } = JSON.parse(Buffer.concat(chunks).toString())
    const body = JSON.stringify({ result: echo(params.arguments), jsonrpc: '2.0', id })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
}

/** A server under measurement: how it starts, and the tool that is called. */
export interface Variant {
  readonly name: string
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** The echo knows no revisions. */
  readonly isBare?: boolean
  serve(setting: Setting): Promise<unknown>
}

const call = { tool: 'echo', arguments: { text: 'hello' } }

/** The servers that are compared; the first is what the others are multiples of. */
export const variants: readonly Variant[] = [
  { name: 'bare node:http echo', ...call, isBare: true, serve: (setting) => listen(setting, bareEcho) },
  {
    name: 'SDK v2, no authorization',
    ...call,
    serve: (setting) => listen(setting, createSdkListener()),
  },
  {
    name: 'SDK v2, jose on each request',
    ...call,
    serve: (setting) => listen(setting, createJoseListener(setting)),
  },
  {
    name: 'gate and scopes',
    ...call,
    serve: (setting) => listen(setting, createProtectedListener(setting)),
  },
  {
    name: 'gate, policy, durable audit',
    tool: 'whoami',
    arguments: {},
    serve: startCompanyServer,
  },
]

/** The SDK as its documentation says. Its types do not know `exactOptionalPropertyTypes`. */
function createSdkListener(): RequestListener {
  return toNodeHandler(createMcpHandler(createSdkServer)) as unknown as RequestListener
}

function createJoseListener({ resource, issuer, jwksUri }: Setting): RequestListener {
  const keySet = createRemoteJWKSet(new URL(jwksUri))
  const handler = createSdkListener()
  return async (request, response) => {
    await jwtVerify(String(request.headers.authorization).slice(7), keySet, { issuer, audience: resource })
    await handler(request, response)
  }
}

function createSdkServer(): McpServer {
  const server = new McpServer({ name: 'echo', version: '1.0.0' })
  server.registerTool('echo', { inputSchema }, echo)
  return server
}

function createVerifier({ resource, issuer, jwksUri }: Setting): TokenVerifier {
  const issuers = [keycloak({ issuer, audience: resource, jwksUri, dangerouslyAllowInsecureHttp: true })]
  return createAccessTokenVerifier({ resource, issuers })
}

/** The protected resource that the echo tool is behind. */
export function createEchoResource(setting: Setting): ProtectedResource {
  return createProtectedResource({
    resource: setting.resource,
    authorizationServers: [setting.issuer],
    verifier: createVerifier(setting),
    scopesSupported: ['read:customers', 'write:customers'],
    scopeHierarchy: { 'write:customers': ['read:customers'] },
  })
}

function createProtectedListener(setting: Setting): RequestListener {
  const protectedResource = createEchoResource(setting)
  const tools = [protectTool({ name: 'echo', scopes: ['read:customers'], inputSchema, handler: (args) => echo(args) })]
  return toNodeListener(createMcpEndpoint({ protectedResource, serverInfo: { name: 'echo', version: '1.0.0' }, tools }))
}

/** The demonstration's server as it is, signals from an identity provider included; each call leaves two records. */
async function startCompanyServer({ resource, issuer, jwksUri }: Setting): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'mcp-server-bench-'))
  process.on('exit', () => rmSync(dataDirectory, { recursive: true, force: true }))
  const environment = {
    MCP_PORT: new URL(resource).port,
    MCP_RESOURCE: resource,
    MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer, audience: resource, jwksUri }]),
    MCP_SIGNALS: JSON.stringify({ transmitters: [{ issuer: `${issuer}/corporate`, jwksUri, speaksFor: [issuer] }] }),
    MCP_DATA_DIR: dataDirectory,
    MCP_DEVELOPMENT: '1',
    MCP_CALLS_PER_MINUTE: '10000000',
  }
  await startServer(readConfig(environment), pino({ level: 'error' }))
}

function listen({ resource }: Setting, listener: RequestListener): Promise<void> {
  const server = createServer(listener)
  server.keepAliveTimeout = 60_000
  return new Promise((resolve) => server.listen(Number(new URL(resource).port), '127.0.0.1', resolve))
}

/** Serves one variant until its parent goes away; answers messages with the processor time used so far. */
async function serve(name: string, setting: Setting): Promise<void> {
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }))
  process.on('disconnect', () => process.exit())
  await variants.find((variant) => variant.name === name)?.serve(setting)
  process.send?.({ ready: true })
}

if (process.argv[2] === 'serve') await serve(String(process.argv[3]), JSON.parse(String(process.argv[4])))

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuditLog, openPersonalDataVault } from '@mcp-identity/audit-log'
import {
  createMcpEndpoint,
  createProtectedResource,
  type ProtectedResource,
  type ProtectedTool,
  protectTool,
  type TokenVerifier,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import { companyModel, companyPoliciesDirectory } from '@mcp-identity/policy'
import { createAccessTokenVerifier, keycloak } from '@mcp-identity/token-verifier'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { pino } from 'pino'
import { z } from 'zod'
import { readConfig } from '../src/config.ts'
import { startServer } from '../src/start-server.ts'
import { cpuByThread, profileThreads, type ThreadProfile } from './thread-profiles.ts'

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

/** A server under measurement. Each offers the same tool, `echo`, with the same schema and handler. */
export interface Variant {
  readonly name: string
  /** What happens in one call. */
  readonly does: string
  /** Knows no revisions of the protocol. */
  readonly isBare?: boolean
  serve(setting: Setting): Promise<unknown>
}

/** The servers that are compared; the first is what the others are multiples of. */
export const variants: readonly Variant[] = [
  {
    name: 'bare node:http echo',
    does: 'JSON.parse, JSON.stringify, no protocol',
    isBare: true,
    serve: (setting) => listen(setting, bareEcho),
  },
  {
    name: 'bare echo, durable audit',
    does: 'the bare echo between two records, each durable before the next step: chain, SQLite, personal members encrypted',
    isBare: true,
    serve: startAuditedEcho,
  },
  {
    name: 'SDK v2, no authorization',
    does: 'createMcpHandler as its documentation says',
    serve: (setting) => listen(setting, createSdkListener()),
  },
  {
    name: 'SDK v2, jose on each request',
    does: 'the same after jwtVerify with a remote key set',
    serve: (setting) => listen(setting, createJoseListener(setting)),
  },
  {
    name: 'gate and scopes',
    does: 'createMcpEndpoint: Host, Origin, token, scope of the tool, then the SDK',
    serve: (setting) => listen(setting, createProtectedListener(setting)),
  },
  {
    name: 'whole server',
    does: 'the demonstration: gate, rate limit, cut-offs, policy, the decision durable before the tool runs, the outcome durable before the answer, metrics',
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
  const tools = [createEchoTool()]
  return toNodeListener(createMcpEndpoint({ protectedResource, serverInfo: { name: 'echo', version: '1.0.0' }, tools }))
}

function createEchoTool(): ProtectedTool {
  return protectTool({ name: 'echo', scopes: ['read:customers'], inputSchema, handler: (args) => echo(args) })
}

/** The demonstration's server as it is, signals from an identity provider included, with the echo tool beside its own. */
async function startCompanyServer({ resource, issuer, jwksUri }: Setting): Promise<void> {
  const dataDirectory = temporaryFolder()
  const policyDirectory = join(dataDirectory, 'policies')
  cpSync(companyPoliciesDirectory, policyDirectory, { recursive: true })
  writeFileSync(
    join(policyDirectory, 'everyone-echoes.cedar'),
    '@id("everyone-echoes")\npermit (principal, action == Action::"echo", resource);\n',
  )
  const environment = {
    MCP_PORT: new URL(resource).port,
    MCP_RESOURCE: resource,
    MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer, audience: resource, jwksUri }]),
    MCP_SIGNALS: JSON.stringify({ transmitters: [{ issuer: `${issuer}/corporate`, jwksUri, speaksFor: [issuer] }] }),
    MCP_DATA_DIR: dataDirectory,
    MCP_POLICY_DIR: policyDirectory,
    MCP_DEVELOPMENT: '1',
    MCP_CALLS_PER_MINUTE: '10000000',
  }
  const echoDescription = { scopes: ['read:customers'], resourceType: 'Server' }
  await startServer(readConfig(environment), pino({ level: 'error' }), {
    tools: [{ tool: createEchoTool(), readableArguments: () => ({}) }],
    model: { ...companyModel, tools: { ...companyModel.tools, echo: echoDescription } },
  })
}

/** What two records cost by themselves. */
async function startAuditedEcho(setting: Setting): Promise<void> {
  const folder = temporaryFolder()
  const log = await openAuditLog({
    path: join(folder, 'audit.db'),
    signingKeyFile: join(folder, 'audit-key.pem'),
    personalData: openPersonalDataVault(join(folder, 'personal-data.db')),
  })
  const about = { action: 'tools/call', tool: 'echo', issuer: setting.issuer, subject: 'a person', name: 'A Person' }
  await listen(setting, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      await log.append({ ...about, phase: 'decision', outcome: 'allowed' })
      const { id, params } = JSON.parse(Buffer.concat(chunks).toString())
      const body = JSON.stringify({ result: echo(params.arguments), jsonrpc: '2.0', id })
      await log.append({ ...about, phase: 'outcome', outcome: 'succeeded' })
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      response.end(body)
    })
  })
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-server-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

function listen({ resource }: Setting, listener: RequestListener): Promise<void> {
  const server = createServer(listener)
  server.keepAliveTimeout = 60_000
  return new Promise((resolve) => server.listen(Number(new URL(resource).port), '127.0.0.1', resolve))
}

/**
 * Serves one variant until its parent goes away. Answers `cpu` with the processor time used so far, `threads` with that of
 * each thread; `profile` begins to profile them and `stop` answers with what was found.
 */
async function serve(name: string, setting: Setting): Promise<void> {
  let endProfiles: (() => Promise<ThreadProfile[]>) | undefined
  const answers: Readonly<Record<string, () => unknown>> = {
    cpu: () => ({ cpu: process.cpuUsage() }),
    threads: () => cpuByThread(),
    async profile() {
      endProfiles = await profileThreads()
      return {}
    },
    stop: () => endProfiles?.(),
  }
  process.on('message', async (message: string) => process.send?.(await answers[message]?.()))
  process.on('disconnect', () => process.exit())
  await variants.find((variant) => variant.name === name)?.serve(setting)
  process.send?.({ ready: true })
}

if (process.argv[2] === 'serve') await serve(String(process.argv[3]), JSON.parse(String(process.argv[4])))

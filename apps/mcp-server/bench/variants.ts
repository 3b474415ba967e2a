import { cpSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { openAuditLog, openPersonalDataVault } from '@mcp-identity/audit-log'
import {
  createMcpEndpoint,
  createProtectedResource,
  type ProtectedResource,
  type ProtectedResourceOptions,
  type ProtectedTool,
  protectTool,
  type TokenVerifier,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import { companyModel, companyPoliciesDirectory, type PolicyModel } from '@mcp-identity/policy'
import { createAccessTokenVerifier, keycloak, type RevocationCheck } from '@mcp-identity/token-verifier'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { pino } from 'pino'
import { z } from 'zod'
import { type Config, readConfig } from '../src/config.ts'
import { startServer } from '../src/start-server.ts'

const echoDescription = { scopes: ['read:customers'], resourceType: 'Server' }

/** The demonstration's model with the echo tool in it. */
export const echoModel: PolicyModel = { ...companyModel, tools: { ...companyModel.tools, echo: echoDescription } }

/** What the token of a caller is for, and where its keys are. */
export interface Audience {
  readonly resource: string
  readonly issuer: string
  readonly jwksUri: string
}

/** What a server under measurement needs to know. */
export interface Setting extends Audience {
  /** An empty folder for what it keeps. */
  readonly folder: string
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

function createJoseListener({ resource, issuer, jwksUri }: Audience): RequestListener {
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

export function createVerifier({ resource, issuer, jwksUri }: Audience, isRevoked?: RevocationCheck): TokenVerifier {
  const issuers = [keycloak({ issuer, audience: resource, jwksUri, dangerouslyAllowInsecureHttp: true })]
  return createAccessTokenVerifier({ resource, issuers, ...(isRevoked && { isRevoked }) })
}

/** The protected resource that the echo tool is behind. */
export function createEchoResource(setting: Audience, more: Partial<ProtectedResourceOptions> = {}): ProtectedResource {
  return createProtectedResource({
    resource: setting.resource,
    authorizationServers: [setting.issuer],
    verifier: createVerifier(setting),
    scopesSupported: ['read:customers', 'write:customers'],
    scopeHierarchy: { 'write:customers': ['read:customers'] },
    ...more,
  })
}

function createProtectedListener(setting: Setting): RequestListener {
  const protectedResource = createEchoResource(setting)
  const tools = [createEchoTool()]
  return toNodeListener(createMcpEndpoint({ protectedResource, serverInfo: { name: 'echo', version: '1.0.0' }, tools }))
}

export function createEchoTool(): ProtectedTool {
  return protectTool({ name: 'echo', scopes: ['read:customers'], inputSchema, handler: (args) => echo(args) })
}

/** The demonstration's server as it is, signals from an identity provider included, with the echo tool beside its own. */
async function startCompanyServer(setting: Setting): Promise<void> {
  await startServer(companyConfig(setting), pino({ level: 'error' }), {
    tools: [{ tool: createEchoTool(), readableArguments: () => ({}) }],
    model: echoModel,
  })
}

/** The settings of the demonstration, with policies that let everyone echo. */
export function companyConfig({ resource, issuer, jwksUri, folder }: Setting): Config {
  const policyDirectory = join(folder, 'policies')
  cpSync(companyPoliciesDirectory, policyDirectory, { recursive: true })
  writeFileSync(
    join(policyDirectory, 'everyone-echoes.cedar'),
    '@id("everyone-echoes")\npermit (principal, action == Action::"echo", resource);\n',
  )
  return readConfig({
    MCP_PORT: new URL(resource).port,
    MCP_RESOURCE: resource,
    MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer, audience: resource, jwksUri }]),
    MCP_SIGNALS: JSON.stringify({ transmitters: [{ issuer: `${issuer}/corporate`, jwksUri, speaksFor: [issuer] }] }),
    MCP_DATA_DIR: folder,
    MCP_POLICY_DIR: policyDirectory,
    MCP_DEVELOPMENT: '1',
    MCP_CALLS_PER_MINUTE: '10000000',
  })
}

/** What two records cost by themselves. */
async function startAuditedEcho(setting: Setting): Promise<void> {
  const { folder, issuer } = setting
  const log = await openAuditLog({
    path: join(folder, 'audit.db'),
    signingKeyFile: join(folder, 'audit-key.pem'),
    personalData: openPersonalDataVault(join(folder, 'personal-data.db')),
  })
  const about = { action: 'tools/call', tool: 'echo', issuer, subject: 'a person', name: 'A Person' }
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

export function listen({ resource }: Setting, listener: RequestListener): Promise<void> {
  const server = createServer(listener)
  server.keepAliveTimeout = 60_000
  return new Promise((resolve) => server.listen(Number(new URL(resource).port), '127.0.0.1', resolve))
}

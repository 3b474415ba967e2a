import {
  type Answer,
  createMcpEndpoint,
  createProtectedResource,
  type IncomingRequest,
  type McpEndpoint,
  type ProtectedResource,
  type ProtectedTool,
  type TokenVerifier,
} from '@mcp-identity/mcp-authorization'
import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
import { isLegacyRequest, McpServer, type McpServerOptions } from '@modelcontextprotocol/server'
import type { Config } from '../config.ts'
import type { RouteHandler } from '../http/answers.ts'
import { registerFixtureDocuments } from './fixture-documents.ts'
import { fixtureInputTools, verifyFlowState } from './fixture-input-tools.ts'
import { fixtureTools } from './fixture-tools.ts'
import { createLegacySessions, type LegacySessions } from './legacy-sessions.ts'

const serverInfo = { name: 'mcp-conformance-fixture', version: '1.0.0' }
const serverOptions: McpServerOptions = {
  capabilities: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    logging: {},
    completions: {},
  },
  requestState: { verify: verifyFlowState },
}

/**
 * `/conformance/mcp` and its metadata: what the MCP conformance suite calls, behind the same gate and for the same tokens
 * as `/mcp`. Holds no company data and asks no policy. For tests only.
 */
export function conformanceRoutes(config: Config, verifier: TokenVerifier): Map<string, RouteHandler> {
  const protectedResource = createProtectedResource({
    resource: new URL('/conformance/mcp', config.resource).href,
    authorizationServers: config.issuers.map(({ issuer }) => issuer),
    verifier,
    scopesSupported: [],
    allowedOrigins: config.allowedOrigins,
  })
  const tools: ProtectedTool[] = [...fixtureTools(() => endpoint.notify), ...fixtureInputTools()]
  const endpoint: McpEndpoint = createMcpEndpoint({
    protectedResource,
    serverInfo,
    serverOptions,
    tools,
    register: registerFixtureDocuments,
  })
  const sessions = createLegacySessions(() => sessionServer(tools))
  const listener = toNodeListener({
    ...endpoint,
    handle: (request) => handle(request, protectedResource, endpoint, sessions),
  })
  const paths = ['/conformance/mcp', '/.well-known/oauth-protected-resource/conformance/mcp']
  return new Map(paths.map((path) => [path, (request, response) => listener(request, response)]))
}

function sessionServer(tools: readonly ProtectedTool[]): McpServer {
  const server = new McpServer(serverInfo, serverOptions)
  for (const tool of tools) tool.register(server, {})
  registerFixtureDocuments(server)
  return server
}

async function handle(
  request: IncomingRequest,
  protectedResource: ProtectedResource,
  endpoint: McpEndpoint,
  sessions: LegacySessions,
): Promise<Answer | Response | undefined> {
  const open = protectedResource.openAnswer(request)
  if (open !== undefined) return open
  const authentication = await protectedResource.authenticate(request)
  if (authentication.outcome === 'refused') return authentication.answer
  const text = request.method === 'POST' ? await request.readBody(protectedResource.maxBodyBytes) : undefined
  const webRequest = toWebRequest(request, protectedResource.resource, text)
  const body = parseJson(text)
  if (await isLegacyRequest(webRequest)) return sessions.handle(webRequest, authentication, body)
  return endpoint.handle(Object.defineProperty(Object.create(request), 'readBody', { value: async () => text }))
}

function toWebRequest(request: IncomingRequest, url: string, body: string | undefined): Request {
  const { method, rawHeaders } = request
  const gone = new AbortController()
  request.onGone(() => gone.abort())
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2)
    if (name.toLowerCase() !== 'authorization') headers.append(name, value)
  }
  return new Request(url, { method, headers, signal: gone.signal, ...(body === undefined ? {} : { body }) })
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

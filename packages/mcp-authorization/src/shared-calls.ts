import {
  classifyInboundRequest,
  type Implementation,
  type JSONRPCRequest,
  McpServer,
  type McpServerOptions,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'
import type { ProtectedTool, ToolGuard } from './protected-tool.ts'
import { headerValues, type RawRequest } from './raw-request.ts'
import { createSharedServer, type SharedServer } from './shared-server.ts'
import { methodOf } from './tool-calls.ts'

/** The revision whose requests carry everything that a session held before. */
const STATELESS_REVISION = '2026-07-28'

/** What the shared servers are made of. */
export interface SharedCallSettings {
  readonly serverInfo: Implementation
  readonly serverOptions: McpServerOptions
  readonly tools: readonly ProtectedTool[]
  readonly guard: ToolGuard
}

/** A request that a shared server may answer, and that server. */
export interface SharedRoute {
  readonly server: SharedServer
  readonly request: JSONRPCRequest
}

/** Two servers of the SDK that stay connected, one an era, for the calls of the declared tools. */
export interface SharedCalls {
  /**
   * The route of a request, when each check that the SDK's handler makes for it is sure to pass; undefined: let that
   * handler decide, answer or refuse. Expects that the caller may use the tool.
   */
  route(request: RawRequest, body: unknown, tool: ProtectedTool): SharedRoute | undefined
  close(): Promise<void>
}

/** Makes the shared servers; they connect at once, without any input or output. */
export function createSharedCalls(settings: SharedCallSettings): SharedCalls {
  const servers = { modern: connect(settings, STATELESS_REVISION), legacy: connect(settings, undefined) }
  let ready: { readonly modern: SharedServer; readonly legacy: SharedServer } | undefined
  const connected = Promise.all([servers.modern, servers.legacy]).then(([modern, legacy]) => {
    ready = { modern, legacy }
  })
  return {
    route(request, body, tool) {
      if (ready === undefined || tool.readsHeaders || methodOf(body) !== 'tools/call') return undefined
      const era = eraOf(request, body, tool.name)
      return era === undefined ? undefined : { server: ready[era], request: body as JSONRPCRequest }
    },
    async close() {
      await connected
      await Promise.all([ready?.modern.close(), ready?.legacy.close()])
    },
  }
}

function connect(settings: SharedCallSettings, revision: string | undefined): Promise<SharedServer> {
  const versions =
    revision === undefined ? {} : { supportedProtocolVersions: [revision, ...SUPPORTED_PROTOCOL_VERSIONS] }
  const server = new McpServer(settings.serverInfo, { ...settings.serverOptions, ...versions })
  for (const tool of settings.tools) tool.register(server, { guard: settings.guard })
  return createSharedServer(server, revision === undefined ? undefined : { era: 'modern', revision })
}

/** The era of a plain request: one message, header and body in agreement word for word. */
function eraOf(request: RawRequest, body: unknown, toolName: string): 'modern' | 'legacy' | undefined {
  const version = headerValues(request, 'mcp-protocol-version')
  const method = headerValues(request, 'mcp-method')
  const name = headerValues(request, 'mcp-name')
  if (version.length > 1 || method.length > 1 || name.length > 1) return undefined
  const route = classifyInboundRequest({
    httpMethod: request.method,
    body,
    ...(version[0] === undefined ? {} : { protocolVersionHeader: version[0] }),
    ...(method[0] === undefined ? {} : { mcpMethodHeader: method[0] }),
    ...(name[0] === undefined ? {} : { mcpNameHeader: name[0] }),
  })
  if (route.kind === 'modern') {
    const isPlain = route.messageKind === 'request' && version[0] === STATELESS_REVISION
    return isPlain && method[0] === 'tools/call' && name[0] === toolName ? 'modern' : undefined
  }
  if (route.kind !== 'legacy' || route.reason !== 'no-claim') return undefined
  const isServed = version[0] === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(version[0])
  return isServed && acceptsBoth(request) ? 'legacy' : undefined
}

/** Streamable HTTP of 2025: a client lists both types, and may then get either. */
function acceptsBoth(request: RawRequest): boolean {
  const accepted = headerValues(request, 'accept').join(', ')
  return accepted.includes('application/json') && accepted.includes('text/event-stream')
}

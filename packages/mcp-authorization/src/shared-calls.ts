import {
  type Implementation,
  type JSONRPCRequest,
  McpServer,
  type McpServerOptions,
  PROTOCOL_VERSION_META_KEY,
  RELATED_TASK_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'
import type { ProtectedTool, ToolGuard } from './protected-tool.ts'
import { headerValues, type RawRequest } from './raw-request.ts'
import { createSharedServer, type SharedServer } from './shared-server.ts'

/** The revision whose requests carry everything that a session held before. */
const STATELESS_REVISION = '2026-07-28'

/** What the shared servers are made of. */
export interface SharedCallSettings {
  readonly serverInfo: Implementation
  readonly serverOptions: McpServerOptions
  readonly tools: readonly ProtectedTool[]
  readonly guard: ToolGuard | undefined
  readonly onError: ((error: unknown) => void) | undefined
}

/** A request that a shared server may answer, and that server. */
export interface SharedRoute {
  readonly server: SharedServer
  readonly request: JSONRPCRequest
}

/** Two servers of the SDK that stay connected, one an era, for the calls of the declared tools. */
export interface SharedCalls {
  /**
   * The route of a plain request, one for which the checks of the SDK's handler are sure to pass; undefined: let that
   * handler decide. Expects that the caller may use the tool.
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
      if (ready === undefined || tool.readsHeaders) return undefined
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
  return createSharedServer(server, revision === undefined ? undefined : { era: 'modern', revision }, settings.onError)
}

/**
 * The era of a plain request: one message with the members of a request, header and body in agreement word for word.
 * Whatever is not plain is left to the SDK's own classification.
 */
function eraOf(request: RawRequest, body: unknown, toolName: string): 'modern' | 'legacy' | undefined {
  if (!isPlainRequest(body)) return undefined
  const version = onlyValue(request, 'mcp-protocol-version')
  const method = onlyValue(request, 'mcp-method')
  const name = onlyValue(request, 'mcp-name')
  const claimed = body.params._meta?.[PROTOCOL_VERSION_META_KEY]
  if (claimed === STATELESS_REVISION) {
    return version === claimed && method === 'tools/call' && name === toolName ? 'modern' : undefined
  }
  if (claimed !== undefined || method !== undefined || name !== undefined) return undefined
  const isServed = version === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(version)
  return isServed && version !== STATELESS_REVISION && acceptsBoth(request) ? 'legacy' : undefined
}

interface PlainRequest {
  readonly params: { readonly _meta?: Readonly<Record<string, unknown>> }
}

function isPlainRequest(body: unknown): body is PlainRequest {
  if (!isObject(body) || Object.keys(body).length !== 4 || body.jsonrpc !== '2.0' || body.method !== 'tools/call')
    return false
  const { id, params } = body
  return isId(id) && isObject(params) && (params._meta === undefined || isPlainMeta(params._meta))
}

/** What the schema of a JSON-RPC request says of `_meta` (MCP, "_meta"); a related task is left to the SDK. */
function isPlainMeta(meta: unknown): boolean {
  if (!isObject(meta) || RELATED_TASK_META_KEY in meta) return false
  return meta.progressToken === undefined || isId(meta.progressToken)
}

function isId(value: unknown): boolean {
  return typeof value === 'string' || Number.isSafeInteger(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of a header that came once; a header that came more often has a value that nothing equals. */
function onlyValue(request: RawRequest, name: string): string | undefined {
  const values = headerValues(request, name)
  return values.length > 1 ? '' : values[0]
}

/** Streamable HTTP of 2025: a client lists both types, and may then get either. */
function acceptsBoth(request: RawRequest): boolean {
  const accepted = headerValues(request, 'accept').join(', ')
  return accepted.includes('application/json') && accepted.includes('text/event-stream')
}

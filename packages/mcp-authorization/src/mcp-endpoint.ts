import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import {
  createMcpHandler,
  type Implementation,
  isJsonContentType,
  McpServer,
  type McpServerOptions,
  type ServerNotifier,
} from '@modelcontextprotocol/server'
import { type Answer, rpcErrorAnswer, toResponse } from './answer.ts'
import { authInfoOf } from './auth-info.ts'
import { type CallRegistry, createCallRegistry, type OpenKind } from './call-registry.ts'
import type { Authenticated, ProtectedResource } from './protected-resource.ts'
import type { ProtectedTool, ToolGuard } from './protected-tool.ts'
import { headerValues, type RawRequest, toRawRequest } from './raw-request.ts'
import { readBodyText } from './read-body.ts'
import type { Refusal } from './refusal.ts'
import { isVisible, type VisibilityRules, visibleTools } from './visible-tools.ts'

/** A request with its body still to be read. */
export interface IncomingRequest extends RawRequest {
  /** Reads the body as text; undefined when it is longer than so many bytes. Called at most once. */
  readBody(maxBytes: number): Promise<string | undefined>
  /** The body when a framework has read and parsed it already. */
  readonly parsedBody?: unknown
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal
}

/** Options of {@link createMcpEndpoint}. */
export interface McpEndpointOptions {
  readonly protectedResource: ProtectedResource
  /** Name and version of the MCP server. */
  readonly serverInfo: Implementation
  readonly tools: readonly ProtectedTool[]
  /** Options for the SDK's server: instructions, cache hints, validators. */
  readonly serverOptions?: McpServerOptions
  /**
   * Registers prompts, resources and whatever else the SDK offers, once a request. What varies by caller takes the
   * token of this request; use {@link scopeChallengeFor} where a scope is needed.
   */
  readonly register?: (server: McpServer, request: { readonly token: VerifiedAccessToken }) => void
  /** Who sees which tool. Default: everyone sees every tool, because everyone might get every scope. */
  readonly visibility?: VisibilityRules
  /** Runs around every tool call: policy, audit. Default: none. */
  readonly guard?: ToolGuard
  /** Where running calls and open streams are entered. Default: a registry of its own, ending them at expiry. */
  readonly calls?: CallRegistry
  /** How many streams one caller may hold open, 1 or more. Default 16. */
  readonly maxStreamsPerCaller?: number
  /**
   * Asked when a tool has finished: the reason why its result must not leave any more, for example because the right to
   * it was cut off meanwhile. The caller then gets 401. Default: only the registry withholds.
   */
  readonly reasonToWithhold?: (token: VerifiedAccessToken) => string | undefined
  /** Told of errors that no caller may see. Must not throw. */
  readonly onError?: (error: unknown) => void
}

/** An MCP endpoint behind its gate; an adapter carries requests to it. */
export interface McpEndpoint {
  readonly protectedResource: ProtectedResource
  /** Whether a request is for the resource or its metadata; `target` is path and query as sent. */
  serves(target: string): boolean
  /** Answers a request; undefined when it is for another path than this resource and its metadata. */
  handle(request: IncomingRequest): Promise<Answer | Response | undefined>
  /** The same for a web `Request`; other paths get 404. */
  fetch(request: Request, remoteAddress?: string): Promise<Response>
  /** Tells open subscriptions that something changed. */
  readonly notify: ServerNotifier
  readonly calls: CallRegistry
  /** Ends every call and stream. */
  close(): Promise<void>
}

const DEFAULT_MAX_STREAMS_PER_CALLER = 16
/** What a handler could pass on must not reach it by accident. */
const CREDENTIAL_HEADERS = new Set(['authorization', 'dpop', 'cookie', 'proxy-authorization'])

/**
 * Puts the official SDK's MCP server behind the gate of a protected resource: 2026-07-28 and 2025-11-25 on one URL,
 * stateless.
 *
 * Before the body is read: the gate. After: scopes and sign-in of the tool (403 and 401, both eras), then the SDK.
 * `tools/list` holds what the caller may see, and a hidden tool is one that this caller's server has never heard of.
 * Calls and streams end with the token. Does not decide policy; see `guard`.
 */
export function createMcpEndpoint(options: McpEndpointOptions): McpEndpoint {
  const { protectedResource, tools, visibility } = options
  const maxStreams = options.maxStreamsPerCaller ?? DEFAULT_MAX_STREAMS_PER_CALLER
  const calls = options.calls ?? createCallRegistry({ clock: protectedResource.now })
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  if (byName.size !== tools.length) throw new TypeError('two tools have the same name')
  if (!Number.isInteger(maxStreams) || maxStreams < 1) throw new TypeError('maxStreamsPerCaller must be 1 or more')
  const guard = createEndingGuard(options, calls)
  const serverOptions = withTools(options.serverOptions)

  const sdk = createMcpHandler(
    ({ authInfo }) => {
      const token = authInfo?.extra?.token as VerifiedAccessToken
      const server = new McpServer(options.serverInfo, serverOptions)
      for (const tool of visibleTools(protectedResource, token, tools, visibility)) tool.register(server, { guard })
      options.register?.(server, { token })
      return server
    },
    { onerror: (error) => options.onError?.(error), maxRequestBodySize: protectedResource.maxBodyBytes },
  )

  /** What refuses the tool calls in a message, or in a batch of them (2025-03-26): all scopes in one challenge. */
  async function refuseToolCalls(authenticated: Authenticated, body: unknown): Promise<Refusal | undefined> {
    const called = toolNamesOf(body)
    for (const name of called) {
      const limited = await protectedResource.limitToolCall(authenticated, byName.has(name) ? name : '')
      if (limited !== undefined) return limited
    }
    const known = called.map((name) => byName.get(name)).filter((tool) => tool !== undefined)
    const seen = known.filter((tool) => isVisible(protectedResource, authenticated.token, tool, visibility))
    const refused = seen
      .map((tool) => protectedResource.authorize(authenticated, tool))
      .find((found) => found !== undefined)
    if (refused === undefined || seen.length === 1) return refused
    return protectedResource.authorize(authenticated, { scopes: seen.flatMap((tool) => tool.scopes) }) ?? refused
  }

  async function askSdk(
    request: IncomingRequest,
    authenticated: Authenticated,
    body: unknown,
  ): Promise<Answer | Response> {
    const kind: OpenKind = methodOf(body) === 'subscriptions/listen' ? 'stream' : 'call'
    if (kind === 'stream' && calls.streamsOf(authenticated.token) >= maxStreams) {
      return protectedResource.report(protectedResource.refuseStream(authenticated), request).answer
    }
    const controller = new AbortController()
    const gone = (): void => controller.abort(new Error('the caller went away'))
    request.signal.addEventListener('abort', gone, { once: true })
    const entry = calls.open(authenticated.token, controller, kind)
    const close = (): void => {
      request.signal.removeEventListener('abort', gone)
      entry.close()
    }
    const response = await untilAborted(
      sdk.fetch(sdkRequest(request, controller.signal), sdkInputs(authenticated, body)),
      controller.signal,
    )
    if (response === undefined || entry.endedBecause !== undefined) {
      close()
      await response?.body?.cancel().catch(() => undefined)
      return protectedResource.report(protectedResource.refuseEnded(authenticated), request).answer
    }
    return closeWithBody(withHeaders(response, authenticated.headers), controller.signal, close)
  }

  function sdkRequest(request: IncomingRequest, signal: AbortSignal): Request {
    const headers = new Headers()
    for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
      const name = (request.rawHeaders[index] as string).toLowerCase()
      if (!CREDENTIAL_HEADERS.has(name)) headers.append(name, request.rawHeaders[index + 1] as string)
    }
    return new Request(protectedResource.resource, { method: 'POST', headers, signal })
  }

  function sdkInputs(authenticated: Authenticated, parsedBody: unknown) {
    return { authInfo: authInfoOf(authenticated, protectedResource), parsedBody }
  }

  async function answerAuthenticated(
    request: IncomingRequest,
    authenticated: Authenticated,
  ): Promise<Answer | Response> {
    const { headers } = authenticated
    if (request.method !== 'POST') {
      return rpcErrorAnswer(405, -32000, 'Method not allowed', { ...headers, allow: 'POST, OPTIONS' })
    }
    if (!isJsonContentType(headerValues(request, 'content-type')[0] ?? null)) {
      return rpcErrorAnswer(415, -32000, 'Content-Type must be application/json', headers)
    }
    const read = await readJson(request, protectedResource.maxBodyBytes)
    if (read.outcome === 'too_large') return rpcErrorAnswer(413, -32000, 'Content too large', headers)
    if (read.outcome === 'malformed') return rpcErrorAnswer(400, -32700, 'Parse error', headers)
    const refused = await refuseToolCalls(authenticated, read.body)
    if (refused !== undefined) return protectedResource.report(refused, request).answer
    return askSdk(request, authenticated, read.body)
  }

  async function handle(request: IncomingRequest): Promise<Answer | Response | undefined> {
    const open = protectedResource.openAnswer(request)
    if (open !== undefined) return open
    if (!protectedResource.isEndpoint(request)) return undefined
    try {
      const authentication = await protectedResource.authenticate(request)
      if (authentication.outcome === 'refused') return authentication.answer
      return await answerAuthenticated(request, authentication)
    } catch (error) {
      options.onError?.(error)
      return rpcErrorAnswer(503, -32603, 'Temporarily unavailable', { 'retry-after': '5' })
    }
  }

  return {
    protectedResource,
    serves: (target) => protectedResource.serves({ method: 'GET', target, rawHeaders: [] }),
    handle,
    async fetch(request, remoteAddress) {
      const answer = await handle({
        ...toRawRequest(request, remoteAddress),
        signal: request.signal,
        readBody: (maxBytes) => readBodyText(request.body, maxBytes),
      })
      if (answer === undefined) return toResponse(rpcErrorAnswer(404, -32000, 'Not found'))
      return answer instanceof Response ? answer : toResponse(answer)
    },
    notify: sdk.notify,
    calls,
    async close() {
      calls.endAll('server_stopped')
      await sdk.close()
    },
  }
}

/** After the author's guard: withholds what a tool made when the right to it has ended meanwhile. */
function createEndingGuard(options: McpEndpointOptions, calls: CallRegistry): ToolGuard {
  const { guard, reasonToWithhold } = options
  return async (call, proceed) => {
    const result = await (guard === undefined ? proceed() : guard(call, proceed))
    const reason = reasonToWithhold?.(call.token)
    if (reason !== undefined) calls.endWhere((token) => token === call.token, reason)
    return result
  }
}

/** An empty list of tools is an answer; without the capability the SDK would say that there is no such method. */
function withTools(serverOptions: McpServerOptions | undefined): McpServerOptions {
  return { ...serverOptions, capabilities: { tools: {}, ...serverOptions?.capabilities } }
}

type JsonBody =
  | { readonly outcome: 'read'; readonly body: unknown }
  | { readonly outcome: 'too_large' }
  | { readonly outcome: 'malformed' }

async function readJson(request: IncomingRequest, maxBytes: number): Promise<JsonBody> {
  if (request.parsedBody !== undefined) return { outcome: 'read', body: request.parsedBody }
  const text = await request.readBody(maxBytes)
  if (text === undefined) return { outcome: 'too_large' }
  try {
    return { outcome: 'read', body: JSON.parse(text) }
  } catch {
    return { outcome: 'malformed' }
  }
}

function methodOf(message: unknown): string | undefined {
  const method = isObject(message) ? message.method : undefined
  return typeof method === 'string' ? method : undefined
}

function toolNamesOf(body: unknown): string[] {
  const messages = Array.isArray(body) ? body : [body]
  return messages.flatMap((message) => {
    if (methodOf(message) !== 'tools/call') return []
    const name = isObject(message.params) ? message.params.name : undefined
    return typeof name === 'string' ? [name] : []
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** The value of a promise, or undefined once the signal is aborted: nobody waits for a tool that does not listen. */
async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  if (signal.aborted) return undefined
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined)
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  for (const [name, value] of Object.entries(headers)) {
    // Proxies buffer or rewrite a stream unless its own directive stays; no-store joins it.
    if (name === 'cache-control' && isStream) response.headers.set(name, `${value}, no-transform`)
    else response.headers.set(name, value)
  }
  return response
}

/** Keeps a call entered until its body has been sent, and cuts the body when the call is ended. */
function closeWithBody(response: Response, signal: AbortSignal, close: () => void): Response {
  if (response.body === null || response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    close()
    return response
  }
  const reader = response.body.getReader()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signal.addEventListener('abort', () => void cut(controller), { once: true })
      if (signal.aborted) void cut(controller)
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (signal.aborted) return
        if (value !== undefined) controller.enqueue(value)
        if (done) {
          close()
          controller.close()
        }
      } catch {
        if (!signal.aborted) await cut(controller)
      }
    },
    async cancel(reason) {
      close()
      await reader.cancel(reason)
    },
  })
  async function cut(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    close()
    try {
      controller.close()
    } catch {
      // Closed already: there is nothing left to cut.
    }
    await reader.cancel().catch(() => undefined)
  }
  return new Response(body, { status: response.status, headers: response.headers })
}

import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import {
  createMcpHandler,
  type Implementation,
  McpServer,
  type McpServerOptions,
  type ServerNotifier,
} from '@modelcontextprotocol/server'
import { type Answer, rpcErrorAnswer, toResponse } from './answer.ts'
import { authInfoOf } from './auth-info.ts'
import { type CallRegistry, createCallRegistry } from './call-registry.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { Authenticated, ProtectedResource } from './protected-resource.ts'
import type { ProtectedTool, ToolGuard } from './protected-tool.ts'
import { toRawRequest } from './raw-request.ts'
import { readBodyText } from './read-body.ts'
import { readMessage } from './read-message.ts'
import type { Refusal } from './refusal.ts'
import { openSdkExchange } from './sdk-exchange.ts'
import { createSharedCalls, type SharedRoute } from './shared-calls.ts'
import { calledTools, methodOf } from './tool-calls.ts'
import { isVisible, type VisibilityRules, visibleTools } from './visible-tools.ts'

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
   * token of this request; use `scopeChallengeFor` where a scope is needed.
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
/** Nobody is there to read it. */
const CALLER_GONE = rpcErrorAnswer(503, -32000, 'The caller went away')

/**
 * Puts the official SDK's MCP server behind the gate of a protected resource: 2026-07-28 and 2025-11-25 on one URL,
 * stateless.
 *
 * Before the body is read: the gate. After: scopes and sign-in of the tool (403 and 401, both eras), then the SDK.
 * `tools/list` holds what the caller may see, and a hidden tool is one that this caller's server has never heard of.
 * Calls and streams end with the token. Does not decide policy; see `guard`.
 *
 * @throws {TypeError} Two tools have one name, or a limit is not a whole number of at least 1.
 */
export function createMcpEndpoint(options: McpEndpointOptions): McpEndpoint {
  const { protectedResource, serverInfo, tools, visibility } = options
  const maxStreams = options.maxStreamsPerCaller ?? DEFAULT_MAX_STREAMS_PER_CALLER
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  if (byName.size !== tools.length) throw new TypeError('two tools have the same name')
  if (!Number.isInteger(maxStreams) || maxStreams < 1) throw new TypeError('maxStreamsPerCaller must be 1 or more')
  const calls = options.calls ?? createCallRegistry({ clock: protectedResource.now })
  const guard = createEndingGuard(options, calls)
  const serverOptions = withTools(options.serverOptions)
  const shared = createSharedCalls({ serverInfo, serverOptions, tools, guard })

  const sdk = createMcpHandler(
    ({ authInfo }) => {
      const token = authInfo?.extra?.token as VerifiedAccessToken
      const server = new McpServer(serverInfo, serverOptions)
      for (const tool of visibleTools(protectedResource, token, tools, visibility)) tool.register(server, { guard })
      options.register?.(server, { token })
      return server
    },
    { onerror: (error) => options.onError?.(error), maxRequestBodySize: protectedResource.maxBodyBytes },
  )

  /** The called tools that the caller can see; the others do not exist for her. */
  function seenTools(authenticated: Authenticated, called: readonly string[]): ProtectedTool[] {
    return called.flatMap((name) => {
      const tool = byName.get(name)
      return tool !== undefined && isVisible(protectedResource, authenticated.token, tool, visibility) ? [tool] : []
    })
  }

  async function refuseTools(
    authenticated: Authenticated,
    seen: readonly ProtectedTool[],
  ): Promise<Refusal | undefined> {
    for (const { name } of seen) {
      const limited = await protectedResource.limitToolCall(authenticated, name)
      if (limited !== undefined) return limited
    }
    const refused = seen
      .map((tool) => protectedResource.authorize(authenticated, tool))
      .find((found) => found !== undefined)
    if (refused?.reason !== 'insufficient_scope' || seen.length === 1) return refused
    return protectedResource.authorize(authenticated, { scopes: seen.flatMap((tool) => tool.scopes) })
  }

  async function run(
    request: IncomingRequest,
    authenticated: Authenticated,
    body: unknown,
    route: SharedRoute | undefined,
  ): Promise<Answer | Response> {
    const { token, headers } = authenticated
    const authInfo = authInfoOf(authenticated, protectedResource)
    let exchange: { abort(reason?: unknown): void } | undefined
    return new Promise((resolve, reject) => {
      let isAnswered = false
      const answer = (given: Answer | Response): void => {
        isAnswered = true
        resolve(given)
      }
      const refuse = (): void => {
        if (!isAnswered) answer(protectedResource.report(protectedResource.refuseEnded(authenticated), request).answer)
      }
      const end = (reason: unknown): void => {
        exchange?.abort(reason)
        refuse()
      }
      const kind = methodOf(body) === 'subscriptions/listen' ? 'stream' : 'call'
      const entry = calls.open(token, { abort: end }, kind)
      const forget = request.onGone(() => {
        entry.close()
        if (!isAnswered) answer(CALLER_GONE)
        exchange?.abort(new Error('the caller went away'))
      })
      const onDone = (): void => {
        forget()
        entry.close()
      }
      const opened =
        route === undefined
          ? openSdkExchange(sdk, request, { url: protectedResource.resource, body, authInfo, headers, onDone })
          : route.server.call(route.request, { authInfo, headers, onDone })
      exchange = opened
      opened.answer.then((given) => (given === undefined ? refuse() : answer(given)), reject)
    })
  }

  async function answerAuthenticated(
    request: IncomingRequest,
    authenticated: Authenticated,
  ): Promise<Answer | Response> {
    const read = await readMessage(request, protectedResource.maxBodyBytes, authenticated.headers)
    if (read.outcome === 'unreadable') return read.answer
    const { body } = read
    const called = calledTools(body)
    const seen = seenTools(authenticated, called)
    const refused = (await refuseTools(authenticated, seen)) ?? refuseStream(authenticated, body)
    if (refused !== undefined) return protectedResource.report(refused, request).answer
    const only = called.length === 1 ? seen[0] : undefined
    return run(request, authenticated, body, only && shared.route(request, body, only))
  }

  function refuseStream(authenticated: Authenticated, body: unknown): Refusal | undefined {
    if (methodOf(body) !== 'subscriptions/listen' || calls.streamsOf(authenticated.token) < maxStreams) return undefined
    return protectedResource.refuseStream(authenticated)
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
      const answer = await handle(incomingOf(request, remoteAddress))
      if (answer === undefined) return toResponse(rpcErrorAnswer(404, -32000, 'Not found'))
      return answer instanceof Response ? answer : toResponse(answer)
    },
    notify: sdk.notify,
    calls,
    async close() {
      calls.endAll('server_stopped')
      await Promise.all([sdk.close(), shared.close()])
    },
  }
}

function incomingOf(request: Request, remoteAddress: string | undefined): IncomingRequest {
  return {
    ...toRawRequest(request, remoteAddress),
    readBody: (maxBytes) => readBodyText(request.body, maxBytes),
    onGone(listener) {
      request.signal.addEventListener('abort', listener, { once: true })
      return () => request.signal.removeEventListener('abort', listener)
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

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
import { type CallRegistry, createCallRegistry, type OpenKind } from './call-registry.ts'
import type { Authenticated } from './gate.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { ProtectedResource } from './protected-resource.ts'
import type { ProtectedTool, ToolGuard } from './protected-tool.ts'
import { type RawRequest, toRawRequest } from './raw-request.ts'
import { readBodyText } from './read-body.ts'
import { readMessage } from './read-message.ts'
import type { Refusal } from './refusal.ts'
import { openSdkExchange } from './sdk-exchange.ts'
import { createSharedCalls, type SharedRoute } from './shared-calls.ts'
import { calledTools, methodOf } from './tool-calls.ts'
import { createToolGate } from './tool-gate.ts'
import type { VisibilityRules } from './visible-tools.ts'

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
  readonly register?: (server: McpServer, request: { readonly token: VerifiedAccessToken }) => void | Promise<void>
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
  /** Told of errors that no caller may see, and of what the SDK reports about requests it refused. Must not throw. */
  readonly onError?: (error: unknown, request?: RawRequest) => void
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
const NOTHING_TO_ABORT = { abort: (): void => undefined }

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
  const { protectedResource, serverInfo, tools } = options
  const maxStreams = options.maxStreamsPerCaller ?? DEFAULT_MAX_STREAMS_PER_CALLER
  if (!Number.isInteger(maxStreams) || maxStreams < 1) throw new TypeError('maxStreamsPerCaller must be 1 or more')
  const toolGate = createToolGate(protectedResource, tools, options.visibility)
  const calls = options.calls ?? createCallRegistry({ clock: protectedResource.now })
  const guard = createEndingGuard(options, calls)
  const serverOptions = withTools(options.serverOptions)
  const sharedCalls = createSharedCalls({ serverInfo, serverOptions, tools, guard, onError: options.onError })

  const sdk = createMcpHandler(
    async ({ authInfo }) => {
      const token = authInfo?.extra?.token as VerifiedAccessToken
      const server = new McpServer(serverInfo, serverOptions)
      for (const tool of toolGate.visible(token)) tool.register(server, { guard })
      await options.register?.(server, { token })
      return server
    },
    { onerror: (error) => options.onError?.(error), maxRequestBodySize: protectedResource.maxBodyBytes },
  )

  function open(
    request: IncomingRequest,
    authenticated: Authenticated,
    message: AdmittedMessage,
    onDone: () => void,
  ): RunningExchange {
    const { headers } = authenticated
    const authInfo = authInfoOf(authenticated, request)
    const shared = message.route?.server.call(message.route.request, { authInfo, headers, onDone })
    if (shared !== undefined) return shared
    const { body } = message
    return openSdkExchange(sdk, request, { url: protectedResource.resource, body, authInfo, headers, onDone })
  }

  /** Runs an exchange until it is answered, its caller goes away, or the right to it ends. */
  function run(
    request: IncomingRequest,
    authenticated: Authenticated,
    message: AdmittedMessage,
  ): Promise<Answer | Response> {
    return new Promise((resolve, reject) => {
      let exchange: RunningExchange | undefined
      let isAnswered = false
      const answer = (given: () => Answer | Response): void => {
        if (!isAnswered) resolve(given())
        isAnswered = true
      }
      const refused = (): Answer => refuse(protectedResource.refuseEnded(authenticated), request).refused
      const abort = (reason: unknown): void => {
        exchange?.abort(reason)
        answer(refused)
      }
      const entry = calls.open(authenticated.token, { abort }, message.kind)
      const forget = request.onGone(() => {
        entry.close()
        answer(() => CALLER_GONE)
        exchange?.abort(new Error('the caller went away'))
      })
      const done = (): void => {
        forget()
        entry.close()
      }
      const fail = (error: unknown): void => {
        done()
        reject(error)
      }
      try {
        exchange = open(request, authenticated, message, done)
        exchange.answer.then((given) => answer(() => given ?? refused()), fail)
      } catch (error) {
        fail(error)
      }
    })
  }

  /** What may go to the SDK, or the answer to what may not. */
  async function admit(request: IncomingRequest, authenticated: Authenticated): Promise<AdmittedMessage | Refused> {
    // Entered before the body is read: who sends it slowly must not outlive the right to the call.
    const reading = calls.open(authenticated.token, NOTHING_TO_ABORT, 'call')
    try {
      const read = await readMessage(request, protectedResource.maxBodyBytes, authenticated.headers)
      const { body } = read
      const called = toolGate.find(authenticated.token, calledTools(body))
      const limited = protectedResource.limitsToolCalls
        ? await toolGate.refuseTooMany(authenticated, called)
        : undefined
      if (reading.endedBecause !== undefined) return refuse(protectedResource.refuseEnded(authenticated), request)
      if (read.outcome === 'unreadable') return { refused: read.answer }
      const admission = limited ?? toolGate.admit(authenticated, called)
      if (admission.outcome === 'refused') return refuse(admission, request)
      const kind = methodOf(body) === 'subscriptions/listen' ? 'stream' : 'call'
      return { body, kind, route: admission.tool && sharedCalls.route(request, body, admission.tool) }
    } finally {
      reading.close()
    }
  }

  function refuse(refusal: Refusal, request: IncomingRequest): Refused {
    return { refused: protectedResource.report(refusal, request).answer }
  }

  async function handle(request: IncomingRequest): Promise<Answer | Response | undefined> {
    const openAnswer = protectedResource.openAnswer(request)
    if (openAnswer !== undefined) return openAnswer
    if (!protectedResource.isEndpoint(request)) return undefined
    try {
      const authentication = await protectedResource.authenticate(request)
      if (authentication.outcome === 'refused') return authentication.answer
      const message = await admit(request, authentication)
      if ('refused' in message) return message.refused
      // In one step with its entry by `run`: streams that are opened at once would all find the others not there yet.
      if (message.kind === 'stream' && calls.streamsOf(authentication.token) >= maxStreams) {
        return refuse(protectedResource.refuseStream(authentication), request).refused
      }
      return await run(request, authentication, message)
    } catch (error) {
      options.onError?.(error, request)
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
      await Promise.all([sdk.close(), sharedCalls.close()])
    },
  }
}

interface Refused {
  readonly refused: Answer
}

/** A message that may go to the SDK. */
interface AdmittedMessage {
  readonly body: unknown
  readonly kind: OpenKind
  /** The shared server that may answer it. Undefined: the SDK's own handler does. */
  readonly route: SharedRoute | undefined
}

interface RunningExchange {
  readonly answer: Promise<Answer | Response | undefined>
  abort(reason?: unknown): void
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
function createEndingGuard(options: McpEndpointOptions, calls: CallRegistry): ToolGuard | undefined {
  const { guard, reasonToWithhold } = options
  if (reasonToWithhold === undefined) return guard
  return (call, proceed) =>
    (guard === undefined ? proceed() : guard(call, proceed)).then((result) => {
      const reason = reasonToWithhold(call.token)
      if (reason !== undefined) calls.endWhere((token) => token === call.token, reason)
      return result
    })
}

/** An empty list of tools is an answer; without the capability the SDK would say that there is no such method. */
function withTools(serverOptions: McpServerOptions | undefined): McpServerOptions {
  return { ...serverOptions, capabilities: { tools: {}, ...serverOptions?.capabilities } }
}

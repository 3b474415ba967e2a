import {
  type AuthInfo,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type McpServer,
  type MessageClassification,
  type MessageExtraInfo,
  PerRequestHTTPServerTransport,
  type RequestId,
  type Transport,
  type TransportSendOptions,
} from '@modelcontextprotocol/server'
import type { Answer } from './answer.ts'
import { createSlots } from './slots.ts'

/** One call under way at a shared server. */
export interface SharedCall {
  /** The answer: one JSON document, or a stream when the tool reported something before its result. */
  readonly answer: Promise<Answer | Response>
  /** Aborts the tool's signal. The answer is then never given. */
  abort(reason?: unknown): void
}

/** What goes with a call. */
export interface SharedCallInputs {
  readonly authInfo: AuthInfo
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>
  /** Called once, when the result is there or the call was aborted. */
  readonly onDone: () => void
}

/** A server of the SDK that stays connected and serves the calls of many callers. */
export interface SharedServer {
  /**
   * Hands a request to the SDK. Undefined: the protocol layer refused it before any handler ran, and nothing has happened;
   * the SDK's own handler then has the right answer, with its status.
   */
  call(request: JSONRPCRequest, inputs: SharedCallInputs): SharedCall | undefined
  close(): Promise<void>
}

const KEEP_ALIVE_MS = 15_000
/** What the SDK answers with 400 although a handler said it: the client left out a capability (MCP 2026-07-28). */
const MISSING_CLIENT_CAPABILITY = -32021

interface Exchange {
  readonly id: RequestId
  readonly inputs: SharedCallInputs
  readonly resolve: (answer: Answer | Response) => void
  /** Whether the protocol layer refused the message before any handler ran. */
  isRefused: boolean
  stream: MessageStream | undefined
}

/**
 * Connects one server of the SDK for good and lets every caller's tool calls through it.
 *
 * The SDK's own handlers build a server for each request, which costs more than everything else together; what they
 * build is the same each time. Request ids are replaced while a call is under way, because two callers may use the same
 * one; who is calling travels with each message. Meant for plain `tools/call` requests: the caller may use the tool, header
 * and body agree. Everything else belongs to the SDK's handler.
 *
 * @param classification The revision to serve; absent for revisions before 2026-07-28.
 * @param onError Told of what goes wrong beside the answers.
 */
export async function createSharedServer(
  server: McpServer,
  classification: MessageClassification | undefined,
  onError?: (error: unknown) => void,
): Promise<SharedServer> {
  const exchanges = createSlots<Exchange>()
  /** The call that is being handed over. What the protocol layer says meanwhile is about the message, not from the tool. */
  let entering: Exchange | undefined

  async function send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const isFinal = !('method' in message)
    const id = isFinal ? message.id : options?.relatedRequestId
    const exchange = typeof id === 'number' ? exchanges.get(id) : undefined
    if (exchange === undefined || typeof id !== 'number') return
    if (!isFinal) {
      if (exchange.stream === undefined) {
        exchange.stream = new MessageStream()
        exchange.resolve(exchange.stream.toResponse(exchange.inputs.headers))
      }
      exchange.stream.write(message)
      return
    }
    exchanges.delete(id)
    if (exchange === entering) {
      exchange.isRefused = true
      return
    }
    exchange.inputs.onDone()
    const text = JSON.stringify({ ...message, id: exchange.id })
    if (exchange.stream === undefined) exchange.resolve(finalAnswer(message, text, exchange.inputs.headers))
    else exchange.stream.end(text)
  }

  const transport =
    classification === undefined ? new SharedTransport(send) : new ClassifiedTransport(classification, send)
  await server.connect(transport)
  const receive = requestEntryOf(server) ?? transport.onmessage
  server.server.onerror = (error) => {
    if (entering === undefined) onError?.(error)
    else entering.isRefused = true
  }

  return {
    call(request, inputs) {
      const { authInfo } = inputs
      const extra: MessageExtraInfo = classification === undefined ? { authInfo } : { authInfo, classification }
      let resolve: Exchange['resolve'] = () => undefined
      const answer = new Promise<Answer | Response>((settle) => {
        resolve = settle
      })
      const exchange: Exchange = { id: request.id, inputs, resolve, isRefused: false, stream: undefined }
      const id = exchanges.add(exchange)
      entering = exchange
      receive?.({ jsonrpc: '2.0', id, method: request.method, params: request.params }, extra)
      entering = undefined
      if (exchange.isRefused) {
        exchanges.delete(id)
        return undefined
      }
      return {
        answer,
        abort(reason) {
          const exchange = exchanges.get(id)
          if (exchange === undefined) return
          exchanges.delete(id)
          inputs.onDone()
          exchange.stream?.cut()
          const params = { requestId: id, reason: reason instanceof Error ? reason.message : 'ended' }
          transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params }, extra)
        },
      }
    },
    close: () => server.close(),
  }
}

/**
 * Where the SDK takes in a message that it knows to be a request.
 *
 * Before that it asks whether the message is a response, by two schemas that every request fails. A failure of Zod makes
 * a class of objects of its own, which keeps the message until the whole heap is collected: together twice the price of
 * all that the SDK does with a call. The method is the SDK's private one; where a version has none, messages go in at the
 * front.
 */
function requestEntryOf({
  server,
}: McpServer): ((request: JSONRPCRequest, extra: MessageExtraInfo) => void) | undefined {
  // biome-ignore lint/complexity/useLiteralKeys: only so does TypeScript let a private member be read, and check its type.
  const onRequest = server['_onrequest'] as unknown
  return typeof onRequest === 'function' ? onRequest.bind(server) : undefined
}

type Send = (message: JSONRPCMessage, options?: TransportSendOptions) => Promise<void>
type Receive = <Message extends JSONRPCMessage>(message: Message, extra?: MessageExtraInfo) => void

class SharedTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: Receive
  readonly send: Send

  constructor(send: Send) {
    this.send = send
  }

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.onclose?.()
  }
}

/** The SDK binds a server to a revision from 2026-07-28 on by this transport's classification. */
class ClassifiedTransport extends PerRequestHTTPServerTransport {
  readonly #send: Send

  constructor(classification: MessageClassification, send: Send) {
    super({ classification, keepAliveMs: 0 })
    this.#send = send
  }

  override send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    return this.#send(message, options)
  }
}

function finalAnswer(message: JSONRPCMessage, body: string, headers: Readonly<Record<string, string>>): Answer {
  const isMissingCapability = 'error' in message && message.error.code === MISSING_CLIENT_CAPABILITY
  return { status: isMissingCapability ? 400 : 200, headers: { 'content-type': 'application/json', ...headers }, body }
}

/** Server-sent events of one call: what the tool reports, then its result. */
class MessageStream {
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #keepAlive: NodeJS.Timeout | undefined
  readonly #encoder = new TextEncoder()

  toResponse(headers: Readonly<Record<string, string>>): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      cancel: () => this.#stop(),
    })
    this.#keepAlive = setInterval(() => this.#enqueue(': keepalive\n\n'), KEEP_ALIVE_MS)
    this.#keepAlive.unref()
    return new Response(body, {
      headers: {
        ...headers,
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      },
    })
  }

  write(message: JSONRPCMessage): void {
    this.#enqueue(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
  }

  end(text: string): void {
    this.#enqueue(`event: message\ndata: ${text}\n\n`)
    this.cut()
  }

  cut(): void {
    const controller = this.#controller
    this.#stop()
    controller?.close()
  }

  #enqueue(frame: string): void {
    this.#controller?.enqueue(this.#encoder.encode(frame))
  }

  #stop(): void {
    clearInterval(this.#keepAlive)
    this.#controller = undefined
  }
}

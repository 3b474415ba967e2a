import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, rpcErrorAnswer } from '../answer.ts'
import type { IncomingRequest } from '../incoming-request.ts'
import type { McpEndpoint } from '../mcp-endpoint.ts'

/** A listener for `node:http`. Given `next`, it passes on what is not for this resource; otherwise it answers 404. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void

/** Settings of {@link toNodeListener}. */
export interface NodeListenerSettings {
  /** The caller's address, for rate limits. Default: the peer of the socket; a proxy in front makes that one address. */
  readonly remoteAddressOf?: ((request: IncomingMessage) => string | undefined) | undefined
}

const SMALL_BODY_BYTES = 65_536

/** Carries requests of `node:http` to an MCP endpoint. The gate comes before the body is read. */
export function toNodeListener(endpoint: McpEndpoint, settings: NodeListenerSettings = {}): NodeListener {
  const remoteAddressOf = settings.remoteAddressOf ?? ((request) => request.socket.remoteAddress)
  return (request, response, next) => {
    endpoint.handle(incomingOf(request, response, remoteAddressOf(request))).then(
      (answer) => {
        if (answer === undefined && next !== undefined) next()
        else send(request, response, answer ?? rpcErrorAnswer(404, -32000, 'Not found'))
      },
      () => response.destroy(),
    )
  }
}

function incomingOf(
  request: IncomingMessage,
  response: ServerResponse,
  remoteAddress: string | undefined,
): IncomingRequest {
  const { body } = request as { body?: unknown }
  return {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    rawHeaders: request.rawHeaders,
    remoteAddress,
    readBody: (maxBytes) => readBody(request, maxBytes),
    // A framework in front may have read the body; then the stream is empty.
    parsedBody: request.readableEnded ? body : undefined,
    onGone(listener) {
      const closed = (): void => {
        if (!response.writableFinished) listener()
      }
      response.once('close', closed)
      return () => response.off('close', closed)
    },
  }
}

/** The body as text; undefined when it is too long. Listens to events, which costs a third of iterating. */
function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  // Somebody read the body and did not keep it.
  if (request.readableEnded) return Promise.resolve('')
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBytes) chunks.push(chunk)
      else resolve(undefined)
    })
    request.on('end', () => resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString()))
    request.on('error', reject)
  })
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer | Response): void {
  if (!request.complete && !isSmall(request)) response.setHeader('connection', 'close')
  if (answer instanceof Response) {
    void sendResponse(response, answer)
    return
  }
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body ?? '') })
  response.end(request.method === 'HEAD' ? undefined : answer.body)
}

/** Whether Node may read the rest of an unwanted body to keep the connection; otherwise the connection ends with the answer. */
function isSmall(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return length === undefined ? request.headers['transfer-encoding'] === undefined : Number(length) <= SMALL_BODY_BYTES
}

async function sendResponse(response: ServerResponse, answer: Response): Promise<void> {
  answer.headers.forEach((value, name) => {
    response.setHeader(name, value)
  })
  response.writeHead(answer.status)
  if (answer.body === null) return void response.end()
  const reader = answer.body.getReader()
  response.once('close', () => void reader.cancel().catch(() => undefined))
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      if (!response.write(chunk.value)) await drained(response)
    }
    response.end()
  } catch {
    response.destroy()
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve()
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, rpcErrorAnswer } from '../answer.ts'
import type { IncomingRequest } from '../incoming-request.ts'
import type { McpEndpoint } from '../mcp-endpoint.ts'
import { readBodyText } from '../read-body.ts'

/** A listener for `node:http`. Given `next`, it passes on what is not for this resource; otherwise it answers 404. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void

/** Settings of {@link toNodeListener}. */
export interface NodeListenerSettings {
  /** The caller's address, for rate limits. Default: the peer of the socket; a proxy in front makes that one address. */
  readonly remoteAddressOf?: ((request: IncomingMessage) => string | undefined) | undefined
}

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
    readBody: (maxBytes) => readBodyText(request, maxBytes),
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

function send(request: IncomingMessage, response: ServerResponse, answer: Answer | Response): void {
  // What was not read up to here is not wanted: the connection ends with the answer.
  if (!request.complete) response.setHeader('connection', 'close')
  if (answer instanceof Response) {
    void sendResponse(response, answer)
    return
  }
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body ?? '') })
  response.end(request.method === 'HEAD' ? undefined : answer.body)
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

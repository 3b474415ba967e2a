import type { IncomingMessage, ServerResponse } from 'node:http'
import { rpcErrorAnswer } from '../answer.ts'
import type { IncomingRequest } from '../incoming-request.ts'
import type { McpEndpoint } from '../mcp-endpoint.ts'
import { sendAnswer } from '../send-answer.ts'

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
        else sendAnswer(request, response, answer ?? rpcErrorAnswer(404, -32000, 'Not found'))
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

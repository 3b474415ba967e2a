import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer, RawRequest } from '@mcp-identity/mcp-authorization'

/** Handles one request of a path of its own. */
export type RouteHandler = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>

/** A JSON answer that no cache keeps. */
export function sendJson(
  response: ServerResponse,
  status: number,
  content: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(content)
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

/** Sends an answer that the gate made. */
export function sendAnswer(response: ServerResponse, { status, headers, body = '' }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** A request as the gate wants it. */
export function rawRequestOf(request: IncomingMessage): RawRequest {
  return {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    rawHeaders: request.rawHeaders,
    remoteAddress: request.socket.remoteAddress,
  }
}

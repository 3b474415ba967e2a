import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request that cannot be served; the message is meant for whoever sent it. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const longestBody = 16 * 1024

/**
 * Reads a small body of one media type.
 *
 * @throws {RequestError} 415 for another media type, 413 beyond 16 KiB.
 */
export async function readBody(request: IncomingMessage, mediaTypes: readonly string[]): Promise<string> {
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (!mediaTypes.includes(mediaType)) throw new RequestError(415, `Send ${mediaTypes[0]}.`)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestBody) throw new RequestError(413, `The body must be at most ${longestBody} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function sendHtml(response: ServerResponse, status: number, page: string): void {
  send(response, status, 'text/html; charset=utf-8', page)
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json', JSON.stringify(body))
}

export function sendXml(response: ServerResponse, mediaType: string, document: string): void {
  send(response, 200, mediaType, document)
}

/** An error in the form of RFC 9457. */
export function sendProblem(response: ServerResponse, status: number, title: string, members: object = {}): void {
  send(response, status, 'application/problem+json', JSON.stringify({ type: 'about:blank', title, status, ...members }))
}

function send(response: ServerResponse, status: number, mediaType: string, body: string): void {
  response.writeHead(status, {
    'content-type': mediaType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(body)
}

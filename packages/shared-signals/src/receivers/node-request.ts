import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SignalAnswer, SignalRequest } from './http.ts'

/** A request of `node:http` as the receivers take it. @param path Where it came in, for a proxy may have changed it. */
export function fromNodeRequest(request: IncomingMessage, path: string): SignalRequest {
  return {
    method: request.method ?? 'GET',
    path,
    header(name) {
      const value = request.headers[name]
      return typeof value === 'string' ? value : undefined
    },
    readBody: (maxBytes) => readText(request, maxBytes),
    remoteAddress: request.socket.remoteAddress,
  }
}

/** Sends the answer of a receiver. What was not read is not wanted: the connection ends with the answer. */
export function sendToNode(
  response: ServerResponse,
  { status, headers, body }: SignalAnswer,
  request: IncomingMessage,
): void {
  const ending = request.complete ? {} : { connection: 'close' }
  response.writeHead(status, { ...headers, ...ending, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Listens to events, which costs a third of iterating. */
function readText(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBytes) chunks.push(chunk)
      else resolve(undefined)
    })
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on('error', reject)
  })
}

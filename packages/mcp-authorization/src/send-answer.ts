import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import { headerValues } from './raw-request.ts'

const SMALL_BODY_BYTES = 65_536

/**
 * Sends an answer by `node:http`. A connection whose request has a large unread body ends with it; a stream ends with its
 * caller, and waits where the caller reads slowly.
 */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer | Response): void {
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
  const [length] = headerValues(request, 'content-length')
  if (length !== undefined) return Number(length) <= SMALL_BODY_BYTES
  return headerValues(request, 'transfer-encoding').length === 0
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

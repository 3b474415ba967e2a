import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/**
 * Serves what takes a web `Request` and returns a `Response`.
 *
 * @param origin Where this server is, as others know it: requests name their path below it.
 * @returns Whether the request was answered; false leaves it as it was.
 */
export function toNodeHandler(origin: string, handle: (request: Request) => Promise<Response | undefined>) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const answer = await handle(toRequest(request, origin, gone.signal))
    if (answer === undefined) return false
    const body = Buffer.from(await answer.arrayBuffer())
    response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), 'content-length': body.length })
    response.end(body)
    return true
  }
}

/** The body is not touched before somebody reads it. */
function toRequest(request: IncomingMessage, origin: string, signal: AbortSignal): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers.set(name, value)
  const { method = 'GET' } = request
  const body =
    method === 'GET' || method === 'HEAD'
      ? {}
      : { body: lazily(() => Readable.toWeb(request) as ReadableStream<Uint8Array>), duplex: 'half' as const }
  return new Request(new URL(request.url ?? '/', origin), { method, headers, signal, ...body })
}

/** A stream that opens its source at the first read: others may still want the request. */
function lazily(open: () => ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  return new ReadableStream(
    {
      async pull(controller) {
        reader ??= open().getReader()
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

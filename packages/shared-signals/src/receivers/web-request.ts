import type { SignalAnswer, SignalRequest } from './http.ts'

/** A web `Request` as the receivers take it. */
export function fromWebRequest(request: Request, remoteAddress?: string): SignalRequest {
  return {
    method: request.method,
    path: new URL(request.url).pathname,
    header: (name) => request.headers.get(name) ?? undefined,
    readBody: (maxBytes) => readText(request, maxBytes),
    remoteAddress,
  }
}

/** The answer of a receiver as a web `Response`. */
export function toWebResponse({ status, headers, body }: SignalAnswer): Response {
  return new Response(body === '' ? null : body, { status, headers })
}

async function readText(request: Request, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = request.body?.getReader()
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
    length += read.value.length
    if (length > maxBytes) {
      await reader?.cancel()
      return undefined
    }
    chunks.push(read.value)
  }
  return Buffer.concat(chunks).toString('utf8')
}

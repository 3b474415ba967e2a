import { type RefusedSignalError, refuseSignal } from './refused-signal.ts'

/** Longest body that is read, in bytes. */
const longestBody = 131_072

/** Reads a body as text. @throws {RefusedSignalError} It is too long. */
export async function readBody(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > longestBody)
    return refuseSignal('invalid_request', 'the body is too long', 413)
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = request.body?.getReader()
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
    length += read.value.length
    if (length > longestBody) {
      await reader?.cancel()
      return refuseSignal('invalid_request', 'the body is too long', 413)
    }
    chunks.push(read.value)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** @throws {RefusedSignalError} Another method or media type. */
export function expectPost(request: Request, mediaType: string): void {
  if (request.method !== 'POST') refuseSignal('invalid_request', 'expected POST', 405)
  const given = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (given !== mediaType) refuseSignal('invalid_request', `expected ${mediaType}`)
}

const headers = { 'cache-control': 'no-store' }

export function empty(status: 200 | 202 | 204): Response {
  return new Response(null, { status, headers })
}

/** The answer to a refused signal: `err` as RFC 8935 section 2.3 has it, or `error` as OAuth has it. */
export function refusalAnswer(error: RefusedSignalError, form: 'err' | 'error'): Response {
  const content =
    form === 'err'
      ? { err: error.code, description: error.message }
      : { error: error.code, error_description: error.message }
  const allow = error.status === 405 ? { allow: 'POST' } : {}
  const challenge = error.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return Response.json(content, { status: error.status, headers: { ...headers, ...allow, ...challenge } })
}

export function deferredAnswer(retryAfterSeconds: number): Response {
  return Response.json(
    { error: 'temporarily_unavailable' },
    { status: 503, headers: { ...headers, 'retry-after': String(retryAfterSeconds) } },
  )
}

import { readBody } from '../receivers/http.ts'
import { RefusedSignalError } from '../receivers/refused-signal.ts'
import { fromWebRequest } from '../receivers/web-request.ts'

const headers = { 'cache-control': 'no-store' }

/** Reads a JSON object; undefined when the body is something else. */
export async function readRequest(request: Request): Promise<Record<string, unknown> | undefined> {
  try {
    const content: unknown = JSON.parse(await readBody(fromWebRequest(request)))
    return typeof content === 'object' && content !== null && !Array.isArray(content)
      ? (content as Record<string, unknown>)
      : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RefusedSignalError) return undefined
    throw error
  }
}

export function answer(status: 200 | 201, content: unknown): Response {
  return Response.json(content, { status, headers })
}

export function empty(status: 200 | 204): Response {
  return new Response(null, { status, headers })
}

/** @param description For the receiver: echoes nothing of what was sent. */
export function refuse(status: 400 | 403 | 404 | 405 | 409 | 429, description: string): Response {
  const code = { 400: 'invalid_request', 403: 'insufficient_scope', 404: 'not_found', 405: 'invalid_request' }
  const error = code[status as keyof typeof code] ?? (status === 409 ? 'conflict' : 'too_many_requests')
  return Response.json({ error, error_description: description }, { status, headers })
}

export function notFound(): Response {
  return refuse(404, 'this receiver has no such stream')
}

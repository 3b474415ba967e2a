import { type RefusedSignalError, refuseSignal } from './refused-signal.ts'

/** A request to a receiver, whatever it came by. */
export interface SignalRequest {
  method: string
  /** Path of the address, as the sender wrote it. */
  path: string
  /** The value of a header; undefined when it was not sent, or more than once. @param name In lower case. */
  header(name: string): string | undefined
  /** The body as text; undefined when it is longer than `maxBytes`. Called once at most. */
  readBody(maxBytes: number): Promise<string | undefined>
  /** For the limit on refused messages. */
  remoteAddress?: string | undefined
}

/** What a receiver answers. */
export interface SignalAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}

/** Longest body that is read, in bytes. */
const longestBody = 131_072

/** Reads a body as text. @throws {RefusedSignalError} It is too long. */
export async function readBody(request: SignalRequest): Promise<string> {
  const isTooLong = Number(request.header('content-length') ?? 0) > longestBody
  const body = isTooLong ? undefined : await request.readBody(longestBody)
  return body ?? refuseSignal('invalid_request', 'the body is too long', 413)
}

/** @throws {RefusedSignalError} Another method or media type. */
export function expectPost(request: SignalRequest, mediaType: string): void {
  if (request.method !== 'POST') refuseSignal('invalid_request', 'expected POST', 405)
  const given = (request.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (given !== mediaType) refuseSignal('invalid_request', `expected ${mediaType}`)
}

const headers = { 'cache-control': 'no-store' }

export function empty(status: 200 | 202 | 204): SignalAnswer {
  return { status, headers, body: '' }
}

/** An answer in JSON that no cache keeps. */
export function jsonAnswer(status: number, content: object, more: Readonly<Record<string, string>> = {}): SignalAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers, ...more }, body: JSON.stringify(content) }
}

/** The answer to a refused signal: `err` as RFC 8935 section 2.3 has it, or `error` as OAuth has it. */
export function refusalAnswer(error: RefusedSignalError, form: 'err' | 'error'): SignalAnswer {
  const content =
    form === 'err'
      ? { err: error.code, description: error.message }
      : { error: error.code, error_description: error.message }
  const allow = error.status === 405 ? { allow: 'POST' } : {}
  const challenge = error.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return jsonAnswer(error.status, content, { ...allow, ...challenge })
}

export function deferredAnswer(retryAfterSeconds: number): SignalAnswer {
  return jsonAnswer(503, { error: 'temporarily_unavailable' }, { 'retry-after': String(retryAfterSeconds) })
}

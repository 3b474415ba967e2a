import { readJsonObject } from './strict-json.ts'

/** What may be spent on one request to an issuer. */
export interface FetchLimits {
  /** Time for the whole exchange, body included, in milliseconds. */
  readonly timeoutMs: number
  /** Largest body, in bytes. */
  readonly maxBytes: number
}

/** The platform's `fetch`, or one with a proxy or a private certificate authority behind it. */
export type Fetch = typeof fetch

/** What comes back from an issuer: its status and, when the body was a JSON object, that. */
export interface FetchedDocument {
  readonly status: number
  readonly document: Record<string, unknown> | undefined
}

/**
 * Asks an issuer for a JSON document. Follows no redirect, takes no compressed answer, stops at the limits.
 *
 * @throws {Error} When there is no complete answer within the limits.
 */
export async function fetchDocument(
  url: URL | string,
  init: RequestInit,
  limits: FetchLimits,
  fetchFrom: Fetch,
): Promise<FetchedDocument> {
  const headers = {
    accept: 'application/json',
    ...(init.headers as Record<string, string>),
    'accept-encoding': 'identity',
  }
  const signal = AbortSignal.timeout(limits.timeoutMs)
  const response = await fetchTwice(url, { ...init, headers, redirect: 'manual', signal }, fetchFrom)
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  if (
    response.type === 'opaqueredirect' ||
    (response.status >= 300 && response.status < 400) ||
    encoding !== 'identity'
  ) {
    await response.body?.cancel()
    throw new Error(encoding === 'identity' ? 'it answered with a redirect' : 'it answered in compressed form')
  }
  return { status: response.status, document: readJsonObject(await readBody(response, limits.maxBytes)) }
}

/** Fetches a document by GET and insists on status 200 and a JSON object. */
export async function fetchJsonObject(
  url: URL | string,
  limits: FetchLimits,
  fetchFrom: Fetch,
): Promise<Record<string, unknown>> {
  const { status, document } = await fetchDocument(url, {}, limits, fetchFrom)
  if (status !== 200) throw new Error(`it answered with status ${status}`)
  if (document === undefined) throw new Error('it did not answer with a JSON object')
  return document
}

/**
 * A connection that is kept open may be closed by the other side at the moment it is used again: that is no answer of
 * the issuer, so it is asked once more on a new one. All questions asked here can be asked twice.
 */
async function fetchTwice(url: URL | string, init: RequestInit, fetchFrom: Fetch): Promise<Response> {
  try {
    return await fetchFrom(url, init)
  } catch (error) {
    if (!isConnectionLost(error)) throw error
    return fetchFrom(url, init)
  }
}

function isConnectionLost(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
}

async function readBody(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    // Leaving the loop cancels the rest.
    if (bytes > maxBytes) throw new Error(`its answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

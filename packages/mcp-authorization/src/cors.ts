import type { Answer } from './answer.ts'
import { headerValues, type RawRequest } from './raw-request.ts'

/** Response headers that a browser client has to see: without the challenge it cannot sign in. */
const EXPOSED = 'WWW-Authenticate, Retry-After, DPoP-Nonce, MCP-Protocol-Version, Mcp-Session-Id'
const ALLOWED_METHODS = 'POST, GET, DELETE, OPTIONS'
const ALLOWED_HEADERS =
  'Authorization, DPoP, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID, traceparent, tracestate, baggage'
const PREFLIGHT_SECONDS = '600'

/** Headers that let the page of one allowed origin read an answer. No cookies are involved, so no credentials mode. */
export function corsHeaders(origin: string | undefined): Readonly<Record<string, string>> {
  return origin === undefined
    ? { vary: 'Origin' }
    : { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED }
}

/** Whether a request is a preflight (Fetch standard, "CORS-preflight request"). */
export function isPreflight(request: RawRequest): boolean {
  return request.method === 'OPTIONS' && headerValues(request, 'access-control-request-method').length === 1
}

/** The answer to a preflight from an allowed origin; `*` for documents that everyone may read. */
export function preflightAnswer(origin: string): Answer {
  return {
    status: 204,
    headers: {
      ...(origin === '*' ? {} : { vary: 'Origin' }),
      'access-control-allow-origin': origin,
      'access-control-allow-methods': ALLOWED_METHODS,
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': PREFLIGHT_SECONDS,
      'cache-control': 'no-store',
    },
  }
}

import type { IncomingMessage } from 'node:http'
import { type RouteHandler, sendJson } from './answers.ts'

/**
 * Lets the pages of some origins read what a route answers (Fetch standard, CORS). Other pages get the answer as well,
 * but their browser keeps it from them.
 */
export function readableBy(allowedOrigins: readonly string[], handle: RouteHandler): RouteHandler {
  return (request, response, url) => {
    const origin = allowedOriginOf(request, allowedOrigins)
    response.setHeader('vary', 'Origin')
    if (origin !== undefined) response.setHeader('access-control-allow-origin', origin)
    if (request.method !== 'OPTIONS') return handle(request, response, url)
    if (origin === undefined) return sendJson(response, 403, { error: 'forbidden' })
    response.writeHead(204, {
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'authorization, dpop, content-type',
      'access-control-max-age': '600',
    })
    response.end()
  }
}

function allowedOriginOf({ headers: { origin } }: IncomingMessage, allowed: readonly string[]): string | undefined {
  return origin !== undefined && allowed.includes(origin) ? origin : undefined
}

import type { MiddlewareHandler } from 'hono'
import type { McpEndpoint } from '../mcp-endpoint.ts'

/**
 * Hono middleware for all paths: answers those of the resource and its metadata, passes the others on.
 *
 * @param remoteAddressOf The peer's address, for rate limits; runtimes differ in where they keep it.
 */
export function mcpHono(
  endpoint: McpEndpoint,
  remoteAddressOf?: (request: Request) => string | undefined,
): MiddlewareHandler {
  return async (context, next) => {
    const request = context.req.raw
    const { pathname } = new URL(request.url)
    if (!endpoint.serves(pathname)) return next()
    return endpoint.fetch(request, remoteAddressOf?.(request))
  }
}

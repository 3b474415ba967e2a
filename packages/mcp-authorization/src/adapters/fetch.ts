import type { McpEndpoint } from '../mcp-endpoint.ts'

/**
 * A `fetch` handler for Deno, Bun, Workers and everything else that speaks web `Request` and `Response`.
 *
 * @param remoteAddressOf The peer's address, for rate limits; without it all callers are counted as one address.
 */
export function toFetchHandler(
  endpoint: McpEndpoint,
  remoteAddressOf?: (request: Request) => string | undefined,
): (request: Request) => Promise<Response> {
  return (request) => endpoint.fetch(request, remoteAddressOf?.(request))
}

import type { McpEndpoint } from '../mcp-endpoint.ts'

/** A `fetch` handler for Deno, Bun, Workers and everything else that speaks web `Request` and `Response`. */
export function toFetchHandler(endpoint: McpEndpoint): (request: Request) => Promise<Response> {
  return (request) => endpoint.fetch(request)
}

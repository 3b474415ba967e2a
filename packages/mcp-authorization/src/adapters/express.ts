import type { RequestHandler } from 'express'
import type { McpEndpoint } from '../mcp-endpoint.ts'
import { type NodeListenerSettings, toNodeListener } from './node.ts'

/**
 * Express middleware for all paths: answers those of the resource and its metadata, passes the others on.
 *
 * Mount it before `express.json()`, so that nothing of an unauthenticated body is read, and at the root of the app.
 */
export function mcpExpress(endpoint: McpEndpoint, settings: NodeListenerSettings = {}): RequestHandler {
  const listener = toNodeListener(endpoint, settings)
  return (request, response, next) => {
    listener(request, response, () => next())
  }
}

import type { FastifyPluginCallback } from 'fastify'
import type { McpEndpoint } from '../mcp-endpoint.ts'
import { type NodeListenerSettings, toNodeListener } from './node.ts'

/**
 * A Fastify plugin: answers the paths of the resource and its metadata before Fastify parses a body.
 *
 * Register it at the root, without a prefix. Hooks that follow `onRequest` do not run for these paths.
 */
export function mcpFastify(endpoint: McpEndpoint, settings: NodeListenerSettings = {}): FastifyPluginCallback {
  const listener = toNodeListener(endpoint, settings)
  const plugin: FastifyPluginCallback = (fastify, _options, done) => {
    fastify.addHook('onRequest', (request, reply, next) => {
      if (!endpoint.serves(request.raw.url ?? '/')) return next()
      reply.hijack()
      listener(request.raw, reply.raw)
    })
    done()
  }
  // The hook is for the whole app, not for a scope of its own (Fastify, "Plugins: Handle the scope").
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

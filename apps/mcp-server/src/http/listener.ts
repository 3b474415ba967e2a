import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { contextOf, newRequestContext, withRequestContext } from '../request-context.ts'
import { type RouteHandler, sendJson } from './answers.ts'

/** How long answers under way may take when the server stops. */
const answersUnderWayMs = 5_000

export interface ListenerOptions {
  config: Pick<Config, 'host' | 'port' | 'tls' | 'resource'>
  /** Answers at the resource, and wherever no route does. */
  toEndpoint: RequestListener
  /** By path. */
  routes: ReadonlyMap<string, RouteHandler>
  logger: Logger
}

export interface Listener {
  /** The port that was given, or found when 0 was asked for. */
  readonly port: number
  /** From now on each answer is the last one of its connection. */
  drain(): void
  /** Takes no more connections, and resolves when the answers under way are out. @param endCalls Ends those that would go on. */
  close(endCalls: () => Promise<void>): Promise<void>
}

/** Listens, and gives each request to who answers it. @throws {Error} The port is taken. */
export async function openListener({ config, toEndpoint, routes, logger }: ListenerOptions): Promise<Listener> {
  const { pathname: endpointPath } = new URL(config.resource)
  let isDraining = false
  const server = createListener(config, (request, response) => {
    if (isDraining) response.shouldKeepAlive = false
    if (request.url === endpointPath) return toEndpoint(request, response)
    const url = new URL(request.url ?? '/', 'http://server.invalid')
    const route = routes.get(url.pathname)
    if (route === undefined) return toEndpoint(request, response)
    void runRoute(route, withRequestContext(request, newRequestContext()), response, url)
  })
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, resolve)
  })

  async function runRoute(
    route: RouteHandler,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> {
    try {
      await route(request, response, url)
    } catch (error) {
      logger.error({ err: error, requestId: contextOf(request).requestId }, 'a request failed')
      if (response.headersSent) response.destroy()
      else sendJson(response, 503, { error: 'temporarily_unavailable' }, { 'retry-after': '5' })
    }
  }

  return {
    port: (server.address() as AddressInfo).port,
    drain: () => {
      isDraining = true
    },
    async close(endCalls) {
      const closed = new Promise((resolve) => server.close(resolve))
      await endCalls()
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), answersUnderWayMs)
      await closed
      clearTimeout(timer)
    },
  }
}

/** Speaks TLS where a certificate is given (1.2 or newer, Node's own choice of ciphers). */
function createListener({ tls }: Pick<Config, 'tls'>, listener: RequestListener): Server {
  return tls === undefined ? createServer(listener) : createTlsServer({ cert: tls.certificate, key: tls.key }, listener)
}

import type { CallRegistry, ProtectedResource } from '@mcp-identity/mcp-authorization'
import { type RouteHandler, rawRequestOf, sendAnswer } from './answers.ts'

const heartbeatMs = 15_000

/**
 * `GET /access/watch`: server-sent events that go on for as long as the bearer's access does.
 *
 * Sends `open`, and `end` with the reason when the token is revoked or expires. A page that holds it open knows at once
 * that its person was signed out elsewhere. Tells nothing else.
 */
export function accessWatch(parts: { protectedResource: ProtectedResource; calls: CallRegistry }): RouteHandler {
  const { protectedResource, calls } = parts
  return async (request, response) => {
    const authentication = await protectedResource.authenticate(rawRequestOf(request))
    if (authentication.outcome === 'refused') return sendAnswer(response, authentication.answer)
    response.writeHead(200, {
      ...authentication.headers,
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    })
    response.write('event: open\ndata: {}\n\n')
    const end = (reason: unknown): void => {
      const text = reason instanceof Error ? reason.message : 'ended'
      response.end(`event: end\ndata: ${JSON.stringify({ reason: text })}\n\n`)
    }
    // A stream of the audit log is noted when it is cut; one that carries nothing is not worth a record.
    const entry = calls.open(authentication.token, { abort: end }, 'call')
    const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs)
    heartbeat.unref()
    response.once('close', () => {
      entry.close()
      clearInterval(heartbeat)
    })
  }
}

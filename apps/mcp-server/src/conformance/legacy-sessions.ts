import { randomUUID } from 'node:crypto'
import { type Authenticated, authInfoOf } from '@mcp-identity/mcp-authorization'
import { type McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'

export interface LegacySessions {
  /** Answers a request of a revision before 2026-07-28, within its session. */
  handle(request: Request, authenticated: Authenticated, parsedBody: unknown): Promise<Response>
}

interface Session {
  transport: WebStandardStreamableHTTPServerTransport
  owner: string
}

/** The oldest session goes when there are more. */
const mostSessions = 100

/**
 * Sessions for revisions before 2026-07-28, in which a server asks its client while a tool runs. Only the fixture needs
 * them: the customer records ask their clients nothing.
 *
 * A session belongs to whom it was opened for; its id alone is worth nothing to others.
 */
export function createLegacySessions(newServer: () => McpServer): LegacySessions {
  const sessions = new Map<string, Session>()

  async function openSession(owner: string): Promise<Session> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => keep(id, { transport, owner }),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    await newServer().connect(transport)
    return { transport, owner }
  }

  function keep(id: string, session: Session): void {
    sessions.set(id, session)
    const [oldest] = sessions
    if (sessions.size <= mostSessions || oldest === undefined) return
    sessions.delete(oldest[0])
    void oldest[1].transport.close()
  }

  return {
    async handle(request, authenticated, parsedBody) {
      const { token } = authenticated
      const owner = JSON.stringify([token.issuer, token.subject])
      const id = request.headers.get('mcp-session-id')
      const session = id === null ? await openSession(owner) : sessions.get(id)
      if (session === undefined || session.owner !== owner) {
        return Response.json(
          { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null },
          { status: 404 },
        )
      }
      const authInfo = authInfoOf(authenticated)
      return session.transport.handleRequest(request, { authInfo, parsedBody })
    },
  }
}

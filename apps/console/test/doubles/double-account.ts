import { Hono } from 'hono'

/** A session of the double: who, since when, and by which program. */
export interface DoubleSession {
  username: string
  startedAt: number
  browser: string
  os: string
  clients: string[]
}

/** Keycloak's account API: own sessions and clients, for tokens that carry `own:sessions`. */
export function createDoubleAccount(options: {
  sessions: Map<string, DoubleSession>
  /** Clients that people agreed to. Withdrawing empties it. */
  consents: Map<string, { clientName: string; scopes: string[] }>
  endSession(sid: string): void
}): Hono {
  const { sessions, consents, endSession } = options
  const app = new Hono<{ Variables: { sid: string; username: string } }>()
  app.use(async (context, next) => {
    const { scope, sid, preferred_username: username } = claimsOf(context.req.header('authorization'))
    if (!scope.split(' ').includes('own:sessions')) return context.json({ error: 'Forbidden' }, 403)
    if (!sessions.has(sid)) return context.json({ error: 'Unauthorized' }, 401)
    context.set('sid', sid)
    context.set('username', username)
    return next()
  })
  const own = (username: string): [string, DoubleSession][] =>
    [...sessions].filter(([, session]) => session.username === username)

  app.get('/sessions/devices', (context) => {
    const current = context.get('sid')
    return context.json(
      own(context.get('username')).map(([id, { startedAt, browser, os, clients }]) => ({
        os,
        osVersion: 'Unknown',
        mobile: os === 'Android',
        sessions: [
          {
            id,
            ipAddress: '127.0.0.1',
            started: startedAt,
            lastAccess: startedAt,
            expires: startedAt + 2_592_000,
            browser,
            clients: clients.map((clientId) => ({ clientId, clientName: clientId })),
            ...(id === current ? { current: true } : {}),
          },
        ],
      })),
    )
  })
  app.get('/applications', (context) =>
    context.json([
      { clientId: 'console', clientName: 'Console', inUse: true },
      ...[...consents].map(([clientId, { clientName, scopes }]) => ({
        clientId,
        clientName,
        inUse: false,
        userConsentRequired: true,
        consent: { grantedScopes: scopes.map((name) => ({ id: name, name, displayText: name })), createdDate: 0 },
      })),
    ]),
  )
  app.delete('/applications/:clientId/consent', (context) => {
    consents.delete(context.req.param('clientId'))
    return context.body(null, 204)
  })
  app.delete('/sessions', (context) => {
    for (const [id] of own(context.get('username'))) if (id !== context.get('sid')) endSession(id)
    return context.body(null, 204)
  })
  app.delete('/sessions/:id', (context) => {
    endSession(context.req.param('id'))
    return context.body(null, 204)
  })
  return app as unknown as Hono
}

interface AccountClaims {
  scope: string
  sid: string
  preferred_username: string
}

function claimsOf(authorization = ''): AccountClaims {
  const payload = authorization.split('.')[1] ?? 'e30'
  return { scope: '', ...JSON.parse(Buffer.from(payload, 'base64url').toString()) }
}

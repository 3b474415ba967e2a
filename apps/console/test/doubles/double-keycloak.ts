import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { SignJWT } from 'jose'
import { createDoubleAccount, type DoubleSession } from './double-account.ts'
import { createDoubleRealmKeys } from './double-realm-keys.ts'
import type { DoublePerson } from './people.ts'

export interface DoubleKeycloakOptions {
  issuer(): string
  resource(): string
  consoleOrigin(): string
  people: DoublePerson[]
  /** Told of a session that its person ended at the account API. */
  onSessionEnded(sid: string): void
  /** Lifetime of access tokens in seconds. */
  lifetimeSeconds: number
}

export interface DoubleKeycloak {
  app: Hono
  /** What it answers instead: nothing at all, or another issuer's name in authorization responses. */
  fault: { isDown: boolean; foreignIssuer: string | undefined }
  /** Ends every session of a person: refreshing fails from now on. */
  endSessionsOf(username: string): void
  /** Signs a person in elsewhere, with another program. */
  openSession(username: string, browser: string, os: string): void
  /** Clients that people agreed to. */
  consents: Map<string, { clientName: string; scopes: string[] }>
  /** Whether the key set still holds a key. */
  isPublished(kid: string): boolean
}

const cookie = 'double_keycloak_session'

/** Just enough of a realm for keycloak-js: code with PKCE, refresh, logout, and the third-party cookie check. */
export function createDoubleKeycloak(options: DoubleKeycloakOptions): DoubleKeycloak {
  const app = new Hono()
  const sessions = new Map<string, DoubleSession>()
  const consents = new Map<string, { clientName: string; scopes: string[] }>()
  const realmKeys = createDoubleRealmKeys()
  const codes = new Map<string, { sid: string; nonce: string | undefined; scope: string }>()
  const fault: DoubleKeycloak['fault'] = { isDown: false, foreignIssuer: undefined }
  const base = '/realms/company/protocol/openid-connect'

  app.use(async (context, next) => {
    if (fault.isDown) return context.text('down', 503)
    return next()
  })
  app.use(cors({ origin: () => options.consoleOrigin(), credentials: true }))
  app.get('/realms/company/.well-known/openid-configuration', (context) => context.json({ issuer: options.issuer() }))
  app.get(`${base}/3p-cookies/step1.html`, (context) =>
    context.html('<script>parent.postMessage("supported", "*")</script>'),
  )
  app.get(`${base}/auth`, (context) => {
    const query = context.req.query()
    const sid = getCookie(context, cookie)
    const chosen = query.double_person
    if (chosen !== undefined) {
      const newSid = randomUUID()
      openSession(chosen, 'Chromium/140', 'Linux', newSid)
      setCookie(context, cookie, newSid, { path: '/', httpOnly: true })
      return context.redirect(respond(query, newSid))
    }
    if (sid !== undefined && sessions.has(sid)) return context.redirect(respond(query, sid))
    if (query.prompt === 'none') return context.redirect(answer(query, { error: 'login_required' }))
    const links = options.people.map(({ username }) => {
      const parameters = new URLSearchParams({ ...query, double_person: username })
      return `<li><a href="?${parameters}">${username}</a></li>`
    })
    return context.html(`<h1>Sign in as</h1><ul>${links.join('')}</ul>`)
  })
  app.post(`${base}/token`, async (context) => {
    const form = await context.req.parseBody()
    const grant = form.grant_type === 'refresh_token' ? refreshed(form) : codes.get(String(form.code))
    const username = grant === undefined ? undefined : sessions.get(grant.sid)?.username
    const person = options.people.find((each) => each.username === username)
    if (grant === undefined || person === undefined) return context.json({ error: 'invalid_grant' }, 400)
    return context.json(await tokens(person, grant))
  })
  app.get(`${base}/logout`, (context) => {
    sessions.delete(getCookie(context, cookie) ?? '')
    deleteCookie(context, cookie, { path: '/' })
    return context.redirect(context.req.query('post_logout_redirect_uri') ?? '/')
  })

  app.get(`${base}/certs`, (context) => context.json(realmKeys.keySet()))
  app.route('/admin/realms/company', realmKeys.admin)
  app.route('/realms/company/account', createDoubleAccount({ sessions, consents, endSession }))

  function openSession(username: string, browser: string, os: string, sid: string = randomUUID()): void {
    sessions.set(sid, { username, startedAt: Math.floor(Date.now() / 1000), browser, os, clients: ['console'] })
  }

  function endSession(sid: string): void {
    sessions.delete(sid)
    options.onSessionEnded(sid)
  }

  function answer(query: Record<string, string>, parameters: Record<string, string>): string {
    const fragment = new URLSearchParams({
      state: query.state ?? '',
      iss: fault.foreignIssuer ?? options.issuer(),
      ...parameters,
    })
    return `${query.redirect_uri}#${fragment}`
  }

  function respond(query: Record<string, string>, sid: string): string {
    const code = randomUUID()
    codes.set(code, { sid, nonce: query.nonce, scope: query.scope ?? '' })
    return answer(query, { code, session_state: sid })
  }

  function refreshed(form: Record<string, unknown>) {
    const [, payload = ''] = String(form.refresh_token).split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sid: string; scope: string }
    return { sid: claims.sid, nonce: undefined, scope: claims.scope }
  }

  async function tokens(
    person: DoublePerson,
    { sid, nonce, scope }: { sid: string; nonce: string | undefined; scope: string },
  ) {
    const resource = options.resource()
    const wanted = scope.split(' ')
    const granted = person.scopes.filter((each) => wanted.includes(each))
    const shared = { iss: options.issuer(), sub: `sub-${person.username}`, azp: 'console', sid, jti: randomUUID() }
    const access = {
      ...shared,
      typ: 'Bearer',
      aud: granted.includes('directory:admin') ? [resource, 'http://localhost:8482/admin'] : resource,
      scope: ['openid', ...granted].join(' '),
      name: person.name,
      email: person.email,
      preferred_username: person.username,
      department: person.department,
      zoneinfo: person.zoneinfo,
      country: 'US',
      groups: person.groups,
      auth_time: Math.floor(Date.now() / 1000) - 60,
      resource_access: { [resource]: { roles: person.scopes.filter((each) => each !== 'directory:admin') } },
    }
    return {
      access_token: await sign(access, options.lifetimeSeconds, realmKeys.activeKid()),
      refresh_token: await sign({ ...shared, typ: 'Refresh', scope }, 3600),
      id_token: await sign({ ...shared, typ: 'ID', aud: 'console', nonce }, options.lifetimeSeconds),
      token_type: 'Bearer',
      expires_in: options.lifetimeSeconds,
    }
  }

  return {
    app,
    fault,
    consents,
    endSessionsOf(username) {
      for (const [sid, session] of sessions) if (session.username === username) sessions.delete(sid)
    },
    openSession: (username, browser, os) => openSession(username, browser, os),
    isPublished: realmKeys.isPublished,
  }
}

const key = new TextEncoder().encode('a key that nobody verifies with, for tests only')

function sign(claims: Record<string, unknown>, lifetimeSeconds: number, kid = 'double'): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid })
    .setIssuedAt()
    .setExpirationTime(`${lifetimeSeconds}s`)
    .sign(key)
}

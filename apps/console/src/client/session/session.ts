import Keycloak from 'keycloak-js'
import type { Settings } from '../settings.ts'
import { type AccessTokenClaims, readAccessTokenClaims } from './access-token.ts'
import { readAuthorizationResponse } from './authorization-response.ts'
import { countSessionWork, sessionWorkDone } from './session-work.ts'

export type SessionState =
  | { status: 'starting' }
  /** The authorization server does not answer. The session tries again by itself. */
  | { status: 'unreachable' }
  | { status: 'signed out'; because: SignedOutReason; detail?: string | undefined }
  | { status: 'signed in'; claims: AccessTokenClaims }

export type SignedOutReason = 'not signed in' | 'left' | 'ended' | 'refused' | 'foreign issuer'

/** The session is over, so there is no access token to be had. */
export class SessionEndedError extends Error {
  override readonly name = 'SessionEndedError'
}

/** A person's session at the authorization server, seen from this page. Tokens live in memory and nowhere else. */
export interface Session {
  state(): SessionState
  subscribe(listener: () => void): () => void
  /** Finds out whether somebody is signed in, without showing anything. */
  start(): Promise<void>
  /** Leaves for the corporate IdP; comes back to the page that was open. */
  signIn(): Promise<void>
  /** Ends the session at the authorization server, and in the other tabs of this browser. */
  signOut(): Promise<void>
  /**
   * An access token that is good for at least `minimumSeconds` more, renewed when it is not.
   *
   * @throws {SessionEndedError} The session was ended. The state says so already.
   */
  accessToken(minimumSeconds?: number): Promise<string>
  /** Asks for a new access token now: a resource server refused the present one. Ends the session when there is none. */
  renew(): Promise<string>
}

const returnToKey = 'console.return-to'
const renewBeforeExpirySeconds = 45
const retryMs = 3000

/** Sessions of one browser tell each other when somebody signs out. */
const channelName = 'console.session'

export function createSession(settings: Settings, scope: string): Session {
  const listeners = new Set<() => void>()
  const channel = new BroadcastChannel(channelName)
  let state: SessionState = { status: 'starting' }
  let keycloak = createKeycloak(settings)
  let renewal: number | undefined
  let isListening = false

  channel.addEventListener('message', ({ data }) => {
    if (data === 'left' && state.status === 'signed in') end('left')
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && state.status === 'signed in') void accessToken().catch(() => {})
  })

  function change(next: SessionState): void {
    state = next
    for (const listener of listeners) listener()
  }

  function end(because: SignedOutReason, detail?: string): void {
    clearTimeout(renewal)
    keycloak.clearToken()
    change({ status: 'signed out', because, detail })
  }

  async function start(): Promise<void> {
    const response = readAuthorizationResponse(window.location.href, settings.issuer)
    if (response.outcome === 'of another issuer') {
      window.history.replaceState(null, '', '/')
      end('foreign issuer', response.found)
      return
    }
    if (!(await answers(settings.issuer))) {
      change({ status: 'unreachable' })
      window.setTimeout(() => void countSessionWork(start()), retryMs)
      return
    }
    const isReturning = response.outcome === 'of this issuer'
    try {
      keycloak = createKeycloak(settings)
      listenForSilentResponse()
      const isSignedIn = await keycloak.init({
        onLoad: 'check-sso',
        silentCheckSsoRedirectUri: `${window.location.origin}/silent-check-sso.html`,
        silentCheckSsoFallback: false,
        checkLoginIframe: false,
        pkceMethod: 'S256',
        redirectUri: `${window.location.origin}/`,
        scope,
        messageReceiveTimeout: 5000,
      })
      if (!isSignedIn) {
        end('not signed in')
        return
      }
      if (isReturning) returnToPage()
      tokenArrived()
    } catch (error) {
      end(isReturning ? 'refused' : 'not signed in', describeRefusal(error))
    }
  }

  /** The silent sign-in hands its response over as a message; this listener comes first and stops a foreign one. */
  function listenForSilentResponse(): void {
    if (isListening) return
    isListening = true
    window.addEventListener('message', (event) => {
      if (event.origin !== window.location.origin || typeof event.data !== 'string') return
      const response = readAuthorizationResponse(event.data, settings.issuer)
      if (response.outcome !== 'of another issuer') return
      event.stopImmediatePropagation()
      end('foreign issuer', response.found)
    })
  }

  function tokenArrived(): void {
    const claims = keycloak.token === undefined ? undefined : readAccessTokenClaims(keycloak.token)
    if (claims?.iss !== settings.issuer) {
      end(claims === undefined ? 'ended' : 'foreign issuer', claims?.iss)
      return
    }
    clearTimeout(renewal)
    const waitMs = Math.max(1000, (secondsLeft() - renewBeforeExpirySeconds) * 1000)
    renewal = window.setTimeout(() => void accessToken(renewBeforeExpirySeconds + 5).catch(() => {}), waitMs)
    change({ status: 'signed in', claims })
  }

  /** By the authorization server's clock, which keycloak-js estimates from `iat`. */
  function secondsLeft(): number {
    const expiresAt = keycloak.tokenParsed?.exp ?? 0
    return expiresAt - Date.now() / 1000 + (keycloak.timeSkew ?? 0)
  }

  async function accessToken(minimumSeconds = 10): Promise<string> {
    if (keycloak.token === undefined) throw new SessionEndedError('There is no session')
    return secondsLeft() > minimumSeconds ? keycloak.token : renew()
  }

  async function renew(): Promise<string> {
    try {
      await countSessionWork(keycloak.updateToken(-1))
      tokenArrived()
    } catch (error) {
      // keycloak-js drops the tokens only when the authorization server refused them, not when it could not be reached.
      if (keycloak.token === undefined) {
        if (state.status === 'signed in') end('ended')
        throw new SessionEndedError('The session was ended', { cause: error })
      }
      clearTimeout(renewal)
      renewal = window.setTimeout(() => void renew().catch(() => {}), retryMs)
      if (secondsLeft() <= 0) throw new Error('The authorization server does not answer', { cause: error })
    }
    if (keycloak.token === undefined) throw new SessionEndedError('There is no session')
    return keycloak.token
  }

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start: () => countSessionWork(start()),
    async signIn() {
      sessionStorage.setItem(returnToKey, window.location.pathname + window.location.search)
      await keycloak.login({ redirectUri: `${window.location.origin}/`, scope })
    },
    async signOut() {
      channel.postMessage('left')
      clearTimeout(renewal)
      await sessionWorkDone()
      await keycloak.logout({ redirectUri: `${window.location.origin}/` })
    },
    accessToken,
    renew,
  }
}

function createKeycloak({ issuer, clientId }: Settings): Keycloak {
  const [url, realm] = issuer.split('/realms/')
  return new Keycloak({ url: url ?? issuer, realm: realm ?? '', clientId })
}

/** Whether the authorization server is there and is the one that was meant (RFC 8414 section 3.3). */
async function answers(issuer: string): Promise<boolean> {
  try {
    const response = await fetch(`${issuer}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(4000) })
    const metadata: unknown = response.ok ? await response.json() : undefined
    return typeof metadata === 'object' && metadata !== null && 'issuer' in metadata && metadata.issuer === issuer
  } catch {
    return false
  }
}

/** Opens the page that was asked for before the sign-in. Only paths of this origin are ever stored, and only they are taken. */
function returnToPage(): void {
  const path = sessionStorage.getItem(returnToKey)
  sessionStorage.removeItem(returnToKey)
  if (path === null || !/^\/(?!\/)/.test(path)) return
  const target = new URL(path, window.location.origin)
  if (target.origin === window.location.origin) window.history.replaceState(null, '', target.pathname + target.search)
}

function describeRefusal(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('error_description' in error && typeof error.error_description === 'string') return error.error_description
  if ('error' in error && typeof error.error === 'string') return error.error
  return error instanceof Error ? error.message : undefined
}

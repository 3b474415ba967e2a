import { IconLock } from '@tabler/icons-react'
import { type ReactNode, useMemo, useSyncExternalStore } from 'react'
import { ApiError } from '../api/api-error.ts'
import { type AuthorizedFetch, createAuthorizedFetch } from '../api/authorized-fetch.ts'
import type { Settings } from '../settings.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { scopesOf } from './access-token.ts'
import { createSession, type Session } from './session.ts'
import { useSession } from './session-context.tsx'

const sessions = new Map<string, Session>()

/**
 * Some APIs take a token of their own, which is asked for without a word when a page needs it. The token that goes to
 * the MCP server can therefore never change the directory, end a session or rotate a key.
 */
export function openScopedSession(settings: Settings, scope: string): Session {
  const known = sessions.get(scope)
  if (known !== undefined) return known
  const session = createSession(settings, `openid ${scope}`)
  sessions.set(scope, session)
  void session.start()
  return session
}

export type ScopedAccess =
  | { status: 'asking' }
  | { status: 'granted'; authorizedFetch: AuthorizedFetch; session: Session }
  /** The authorization server does not answer. It is asked again until it does. */
  | { status: 'away'; error: ApiError }
  /** The authorization server did not grant the scope to this person. */
  | { status: 'refused' }

/** Access with one more scope than the page has, if the authorization server grants it to this person. */
export function useScopedAccess(scope: string): ScopedAccess {
  const { settings } = useSession()
  const session = openScopedSession(settings, scope)
  const state = useSyncExternalStore(session.subscribe, session.state)
  const authorizedFetch = useMemo(() => createAuthorizedFetch(session), [session])
  if (state.status === 'starting') return { status: 'asking' }
  if (state.status === 'unreachable') {
    return { status: 'away', error: new ApiError(0, `${new URL(settings.issuer).host} does not answer`) }
  }
  const isGranted = state.status === 'signed in' && scopesOf(state.claims).includes(scope)
  return isGranted ? { status: 'granted', authorizedFetch, session } : { status: 'refused' }
}

/** Says which scope is missing, and where it would come from. */
export function ScopeMissing({ title, scope, children }: { title: string; scope: string; children: ReactNode }) {
  return (
    <EmptyState icon={IconLock} title={title}>
      Keycloak did not grant you <code>{scope}</code>. {children}
    </EmptyState>
  )
}

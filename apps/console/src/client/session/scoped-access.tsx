import { IconLock } from '@tabler/icons-react'
import { type ReactNode, useMemo, useSyncExternalStore } from 'react'
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
  /** The authorization server did not grant the scope to this person, or did not answer this page. */
  | { status: 'refused' }

/** Access with one more scope than the page has, if the authorization server grants it to this person. */
export function useScopedAccess(scope: string): ScopedAccess {
  const { settings } = useSession()
  const session = openScopedSession(settings, scope)
  const state = useSyncExternalStore(session.subscribe, session.state)
  const authorizedFetch = useMemo(() => createAuthorizedFetch(session), [session])
  if (state.status === 'starting' || state.status === 'unreachable') return { status: 'asking' }
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

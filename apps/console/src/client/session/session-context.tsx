import { createContext, type ReactNode, use, useSyncExternalStore } from 'react'
import type { Settings } from '../settings.ts'
import type { AccessTokenClaims } from './access-token.ts'
import type { Session, SessionState } from './session.ts'

const SessionContext = createContext<{ session: Session; settings: Settings } | undefined>(undefined)

export function SessionProvider(properties: { session: Session; settings: Settings; children: ReactNode }) {
  const { session, settings, children } = properties
  return <SessionContext value={{ session, settings }}>{children}</SessionContext>
}

export function useSession(): { session: Session; settings: Settings } {
  const found = use(SessionContext)
  if (found === undefined) throw new TypeError('There is no session around this part of the page')
  return found
}

export function useSessionState(): SessionState {
  const { session } = useSession()
  return useSyncExternalStore(session.subscribe, session.state)
}

/** Claims of the person who is signed in. Only below the shell, which is shown to nobody else. */
export function useClaims(): AccessTokenClaims {
  const state = useSessionState()
  if (state.status !== 'signed in') throw new TypeError('Nobody is signed in')
  return state.claims
}

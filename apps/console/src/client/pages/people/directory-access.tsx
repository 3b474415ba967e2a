import { IconLock } from '@tabler/icons-react'
import { createContext, type ReactNode, use, useMemo, useSyncExternalStore } from 'react'
import { createAuthorizedFetch } from '../../api/authorized-fetch.ts'
import { createPeopleApi, type PeopleApi } from '../../api/people.ts'
import { scopesOf } from '../../session/access-token.ts'
import { createSession, type Session } from '../../session/session.ts'
import { useSession } from '../../session/session-context.tsx'
import type { Settings } from '../../settings.ts'
import { PagePending } from '../../shell/page-pending.tsx'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'

const directoryScope = 'directory:admin'
const PeopleContext = createContext<PeopleApi | undefined>(undefined)

let directorySession: Session | undefined

/**
 * The directory's API takes a token of its own, which is asked for without a word when these pages are opened. The
 * token that goes to the MCP server can therefore never change the directory.
 */
function openDirectorySession(settings: Settings): Session {
  if (directorySession === undefined) {
    directorySession = createSession(settings, `openid ${directoryScope}`)
    void directorySession.start()
  }
  return directorySession
}

export function DirectoryAccess({ children }: { children: ReactNode }) {
  const { settings } = useSession()
  const session = openDirectorySession(settings)
  const state = useSyncExternalStore(session.subscribe, session.state)
  const api = useMemo(() => createPeopleApi(settings, createAuthorizedFetch(session)), [settings, session])
  if (state.status === 'starting' || state.status === 'unreachable') return <PagePending />
  if (state.status === 'signed in' && scopesOf(state.claims).includes(directoryScope)) {
    return <PeopleContext value={api}>{children}</PeopleContext>
  }
  return (
    <Card>
      <EmptyState icon={IconLock} title="For directory administrators">
        You may not see the company directory: Keycloak did not grant you <code>{directoryScope}</code>. It comes with
        the group <b>Directory Administrators</b>; ask whoever runs the directory.
      </EmptyState>
    </Card>
  )
}

export function usePeopleApi(): PeopleApi {
  const api = use(PeopleContext)
  if (api === undefined) throw new TypeError('There is no directory around this part of the page')
  return api
}

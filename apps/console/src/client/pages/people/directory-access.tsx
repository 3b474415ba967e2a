import { createContext, type ReactNode, use, useMemo } from 'react'
import { createPeopleApi, type PeopleApi } from '../../api/people.ts'
import { ScopeMissing, useScopedAccess } from '../../session/scoped-access.tsx'
import { useSession } from '../../session/session-context.tsx'
import { PagePending } from '../../shell/page-pending.tsx'
import { Card } from '../../ui/card.tsx'
import { PageFailed } from '../../ui/page-failed.tsx'

export const directoryScope = 'directory:admin'
const PeopleContext = createContext<PeopleApi | undefined>(undefined)

/** The company directory for those who administer it, and for everybody else what they lack. */
export function DirectoryAccess({ children }: { children: ReactNode }) {
  const { settings } = useSession()
  const access = useScopedAccess(directoryScope)
  const authorizedFetch = access.status === 'granted' ? access.authorizedFetch : undefined
  const api = useMemo(
    () => (authorizedFetch === undefined ? undefined : createPeopleApi(settings, authorizedFetch)),
    [settings, authorizedFetch],
  )
  if (access.status === 'asking') return <PagePending />
  if (api !== undefined) return <PeopleContext value={api}>{children}</PeopleContext>
  if (access.status === 'away') {
    return (
      <Card>
        <PageFailed error={access.error} />
      </Card>
    )
  }
  return (
    <Card>
      <ScopeMissing title="For directory administrators" scope={directoryScope}>
        It comes with the group <b>Directory Administrators</b>; ask whoever runs the directory.
      </ScopeMissing>
    </Card>
  )
}

export function usePeopleApi(): PeopleApi {
  const api = use(PeopleContext)
  if (api === undefined) throw new TypeError('There is no directory around this part of the page')
  return api
}

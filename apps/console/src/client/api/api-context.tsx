import { createContext, type ReactNode, use, useEffect, useMemo } from 'react'
import { useSession } from '../session/session-context.tsx'
import { watchSession } from '../session/session-watch.ts'
import { mcpOrigin } from '../settings.ts'
import { type AuditApi, createAuditApi } from './audit.ts'
import { type AuthorizedFetch, createAuthorizedFetch } from './authorized-fetch.ts'

export interface Apis {
  authorizedFetch: AuthorizedFetch
  audit: AuditApi
}

const ApiContext = createContext<Apis | undefined>(undefined)

/** Everything that pages ask of the stack, with the access token of the person who is signed in. */
export function ApiProvider({ children }: { children: ReactNode }) {
  const { session, settings } = useSession()
  const apis = useMemo(() => {
    const authorizedFetch = createAuthorizedFetch(session)
    return { authorizedFetch, audit: createAuditApi(mcpOrigin(settings), authorizedFetch) }
  }, [session, settings])
  useEffect(() => watchSession(settings, session, apis.authorizedFetch), [settings, session, apis])
  return <ApiContext value={apis}>{children}</ApiContext>
}

export function useApis(): Apis {
  const apis = use(ApiContext)
  if (apis === undefined) throw new TypeError('There are no APIs around this part of the page')
  return apis
}

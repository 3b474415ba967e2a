import { useQuery } from '@tanstack/react-query'
import { scopesOf } from '../session/access-token.ts'
import { useClaims, useSession } from '../session/session-context.tsx'
import { fetchToolAccess } from './access.ts'
import { useApis } from './api-context.tsx'

/** Which tools the person who is signed in may call now, and why. */
export function useToolAccess() {
  const { settings } = useSession()
  const { authorizedFetch } = useApis()
  const claims = useClaims()
  return useQuery({
    queryKey: ['access', claims.sub, scopesOf(claims).join(' ')],
    queryFn: () => fetchToolAccess(settings, authorizedFetch),
  })
}

import { useQuery } from '@tanstack/react-query'
import { scopesOf } from '../session/access-token.ts'
import { useClaims, useSession } from '../session/session-context.tsx'
import { fetchAccess } from './access.ts'
import { useApis } from './api-context.tsx'

/** What the MCP server says about the token of the person who is signed in: tools, why, and how long tokens may live. */
export function useAccess() {
  const { settings } = useSession()
  const { authorizedFetch } = useApis()
  const claims = useClaims()
  return useQuery({
    queryKey: ['access', claims.sub, scopesOf(claims).join(' ')],
    queryFn: () => fetchAccess(settings, authorizedFetch),
  })
}

/** Which tools the person who is signed in may call now, and why. */
export function useToolAccess() {
  const { data, ...query } = useAccess()
  return { ...query, data: data?.tools }
}

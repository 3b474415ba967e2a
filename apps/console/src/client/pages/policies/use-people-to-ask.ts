import { useQuery } from '@tanstack/react-query'
import { createPeopleApi } from '../../api/people.ts'
import type { Asked, PoliciesApi } from '../../api/policies.ts'
import { useScopedAccess } from '../../session/scoped-access.tsx'
import { useSession } from '../../session/session-context.tsx'
import { directoryScope } from '../people/directory-access.tsx'

/** Everybody in the company directory for those who administer it; for others, whom Keycloak has seen so far. */
export function usePeopleToAsk(policies: PoliciesApi) {
  const { settings } = useSession()
  const access = useScopedAccess(directoryScope)
  return useQuery({
    queryKey: ['people to ask about', access.status],
    queryFn: async (): Promise<Asked[]> => {
      const people =
        access.status === 'granted'
          ? await createPeopleApi(settings, access.authorizedFetch).list()
          : await policies.people()
      return people.sort((one, other) => one.username.localeCompare(other.username))
    },
    enabled: access.status !== 'asking',
    staleTime: 30_000,
  })
}

import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { createRealmKeysApi, fetchKeySet, type RealmKeysApi } from '../../api/realm-keys.ts'
import { useScopedAccess } from '../../session/scoped-access.tsx'
import { useSession } from '../../session/session-context.tsx'
import { Page } from '../../ui/page.tsx'
import { Lifetimes } from './lifetimes.tsx'
import { RotationTrial } from './rotation-trial.tsx'
import { SigningKeys } from './signing-keys.tsx'
import { useRotation } from './use-rotation.ts'

const realmKeysScope = 'realm:keys'

/** Which keys sign access tokens, how they are rotated, and how long everything lasts. */
export function KeysPage() {
  const { settings } = useSession()
  const api = useRealmKeysApi()
  const keySet = useQuery({ queryKey: ['key set'], queryFn: () => fetchKeySet(settings), refetchInterval: 5000 })
  const realmKeys = useQuery({
    queryKey: ['realm keys'],
    queryFn: () => api?.keys() ?? [],
    enabled: api !== undefined,
    refetchInterval: 5000,
  })
  const rotation = useRotation(api)
  return (
    <Page
      title="Keys and lifetimes"
      lead="Access tokens are signed by a key of the realm and live for minutes. Both change without anybody being asked."
    >
      <SigningKeys keySet={keySet} realmKeys={realmKeys.data} api={api} rotation={rotation} />
      <RotationTrial rotation={rotation} keySet={keySet.data} />
      <Lifetimes api={api} />
    </Page>
  )
}

/** Undefined for everybody to whom Keycloak does not grant the scope, and outside development for all. */
function useRealmKeysApi(): RealmKeysApi | undefined {
  const { settings } = useSession()
  const access = useScopedAccess(realmKeysScope)
  const authorizedFetch = access.status === 'granted' ? access.authorizedFetch : undefined
  return useMemo(
    () => (authorizedFetch === undefined ? undefined : createRealmKeysApi(settings, authorizedFetch)),
    [settings, authorizedFetch],
  )
}

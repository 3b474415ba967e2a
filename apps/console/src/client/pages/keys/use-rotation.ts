import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { tryAccessToken } from '../../api/access.ts'
import type { RealmKey, RealmKeysApi } from '../../api/realm-keys.ts'
import { readAccessTokenClaims, readKeyId } from '../../session/access-token.ts'
import { useSession, useSessionState } from '../../session/session-context.tsx'

/** A token that this page holds to see what becomes of it. */
export interface HeldToken {
  kid: string
  /** Seconds since the epoch, by its `exp`. */
  expiresAt: number
  /** What the MCP server said to it last; undefined until it was asked. */
  answer: 'accepted' | 'refused' | 'unknown' | undefined
}

export interface Rotation {
  /** Key of the access token that this page uses now. */
  presentKid: string | undefined
  /** The token from before the rotation and the one from after it; undefined when nothing was rotated here. */
  trial: { old: HeldToken; fresh: HeldToken } | undefined
  rotate(): void
  withdraw(key: RealmKey): void
  isRotating: boolean
  withdrawing: string | undefined
  error: Error | null
}

interface Held {
  token: string
  kid: string
  expiresAt: number
}

/** Rotates the signing key, and keeps a token from before and one from after, to ask the MCP server about both. */
export function useRotation(api: RealmKeysApi | undefined): Rotation {
  const { session, settings } = useSession()
  const state = useSessionState()
  const queryClient = useQueryClient()
  const [held, setHeld] = useState<{ old: Held; fresh: Held }>()
  const present = useQuery({
    // The state changes with each new token.
    queryKey: ['present token', state.status === 'signed in' ? state.claims.jti : ''],
    queryFn: async () => readKeyId(await session.accessToken()),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const answers = useQuery({
    queryKey: ['held tokens', held?.old.kid, held?.fresh.kid],
    queryFn: async () => {
      const tokens = held === undefined ? [] : [held.old.token, held.fresh.token]
      return Promise.all(tokens.map((token) => tryAccessToken(settings, token)))
    },
    enabled: held !== undefined,
    refetchInterval: 1500,
  })
  const refresh = async (): Promise<void> => {
    await Promise.all([
      queryClient.invalidateQueries({ queryKey: ['key set'] }),
      queryClient.invalidateQueries({ queryKey: ['realm keys'] }),
      queryClient.invalidateQueries({ queryKey: ['held tokens'] }),
    ])
  }
  const rotate = useMutation({
    mutationFn: async () => {
      const before = hold(await session.accessToken(60))
      await api?.rotate()
      setHeld({ old: before, fresh: hold(await session.renew()) })
    },
    onSettled: refresh,
  })
  const withdraw = useMutation({
    mutationFn: async (key: RealmKey) => api?.withdraw(key),
    onSettled: refresh,
  })
  const [oldAnswer, freshAnswer] = answers.data ?? []
  return {
    presentKid: present.data,
    trial: held && { old: { ...held.old, answer: oldAnswer }, fresh: { ...held.fresh, answer: freshAnswer } },
    rotate: () => rotate.mutate(),
    withdraw: (key) => withdraw.mutate(key),
    isRotating: rotate.isPending,
    withdrawing: withdraw.isPending ? withdraw.variables.kid : undefined,
    error: rotate.error ?? withdraw.error,
  }
}

function hold(token: string): Held {
  return { token, kid: readKeyId(token) ?? '', expiresAt: readAccessTokenClaims(token).exp }
}

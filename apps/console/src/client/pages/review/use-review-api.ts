import { useMemo } from 'react'
import { type AccessReviewApi, createAccessReviewApi } from '../../api/access-review.ts'
import { useApis } from '../../api/api-context.tsx'
import { useSession } from '../../session/session-context.tsx'

export function useReviewApi(): AccessReviewApi {
  const { settings } = useSession()
  const { authorizedFetch } = useApis()
  return useMemo(() => createAccessReviewApi(settings, authorizedFetch), [settings, authorizedFetch])
}

export const reviewKey = ['access review']
export const campaignsKey = ['access review campaigns']
export const campaignKey = (id: string): string[] => ['access review campaign', id]

/** `Group Operations, 2026-11-28`, also where the server begins with a small letter. */
export const titleWords = (title: string): string => title.charAt(0).toUpperCase() + title.slice(1)

import { createContext, type ReactNode, use, useEffect, useState, useSyncExternalStore } from 'react'
import { useApis } from './api-context.tsx'
import { type AuditFeed, type AuditFeedSnapshot, createAuditFeed } from './audit-feed.ts'

const FeedContext = createContext<AuditFeed | undefined>(undefined)

const nothingYet: AuditFeedSnapshot = {
  status: 'connecting',
  error: undefined,
  records: [],
  unread: [],
  arrivedAt: new Map(),
}

/** Keeps one audit stream open for all pages. */
export function AuditFeedProvider({ children }: { children: ReactNode }) {
  const { audit } = useApis()
  const [feed, setFeed] = useState<AuditFeed>()
  useEffect(() => {
    const opened = createAuditFeed(audit)
    setFeed(opened)
    return () => opened.stop()
  }, [audit])
  return <FeedContext value={feed}>{children}</FeedContext>
}

/** Undefined in the moment before the feed exists. */
export function useAuditFeed(): AuditFeed | undefined {
  return use(FeedContext)
}

export function useAuditFeedSnapshot(): AuditFeedSnapshot {
  const feed = use(FeedContext)
  return useSyncExternalStore(
    feed === undefined ? () => () => {} : feed.subscribe,
    feed === undefined ? () => nothingYet : feed.snapshot,
  )
}

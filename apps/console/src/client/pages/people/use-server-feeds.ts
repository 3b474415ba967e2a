import { useEffect, useMemo, useState } from 'react'
import { useApis } from '../../api/api-context.tsx'
import { createAuditApi } from '../../api/audit.ts'
import { type AuditFeed, createAuditFeed } from '../../api/audit-feed.ts'
import { useAuditFeed } from '../../api/audit-feed-context.tsx'
import { useSession } from '../../session/session-context.tsx'

/** The audit log of one MCP server, as it grows. */
export interface ServerFeed {
  /** Host of a replica; the empty string: there is one server, and nothing to tell apart. */
  server: string
  feed: AuditFeed
}

/** The feed of every MCP server, of its own log: the one that all pages share, or one for each replica while somebody looks. */
export function useServerFeeds(): readonly ServerFeed[] {
  const { settings } = useSession()
  const { authorizedFetch } = useApis()
  const shared = useAuditFeed()
  const [ofReplicas, setOfReplicas] = useState<readonly ServerFeed[]>([])
  useEffect(() => {
    const opened = settings.replicas.map((origin) => ({
      server: new URL(origin).host,
      feed: createAuditFeed(createAuditApi(origin, authorizedFetch, 'own')),
    }))
    setOfReplicas(opened)
    return () => {
      for (const { feed } of opened) feed.stop()
    }
  }, [settings, authorizedFetch])
  return useMemo(() => {
    if (settings.replicas.length > 0) return ofReplicas
    return shared === undefined ? [] : [{ server: '', feed: shared }]
  }, [settings, ofReplicas, shared])
}

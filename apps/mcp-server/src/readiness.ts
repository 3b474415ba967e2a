import type { FeedState } from '@mcp-identity/shared-signals'
import type { Config } from './config.ts'
import type { ReadinessCheck } from './http/health.ts'

/** How far behind the news of one feed is. */
export interface FeedAge {
  feed: string
  issuer: string
  ageSeconds: number
}

export interface ReadinessSources {
  config: Pick<Config, 'development' | 'audit'>
  isStopping: () => boolean
  /** The newest policy files were refused. */
  policiesStale: () => boolean
  auditWritable: () => boolean
  /** Issuers whose keys were not reached yet. */
  unreachedIssuers: () => string[]
  /** Without news of these no token is accepted. */
  decisiveFeeds: () => readonly FeedState[]
  feedAges: () => readonly FeedAge[]
}

/** What has to be in order before calls are answered. Callers may read it, so it does not say what is in files. */
export function readinessChecks(sources: ReadinessSources): ReadinessCheck[] {
  const { config, isStopping, policiesStale, auditWritable, unreachedIssuers, decisiveFeeds, feedAges } = sources
  return [
    {
      name: 'server',
      problem: () => (isStopping() ? 'its end: it was told to stop' : undefined),
      warning: () => (config.development ? 'development mode: never beyond your own machine' : undefined),
    },
    {
      name: 'policies',
      problem: () => undefined,
      warning: () => (policiesStale() ? 'the newest policies were refused, those before are in force' : undefined),
    },
    {
      name: 'audit log',
      problem: () => (auditWritable() ? undefined : 'the audit log to be writable again'),
      warning: () => (config.audit.personalData ? undefined : 'personal data is stored as it is and cannot be erased'),
    },
    { name: 'key sets', problem: () => waitFor('an answer from', unreachedIssuers()) },
    {
      name: 'signal feeds',
      problem: () =>
        waitFor(
          'news from',
          decisiveFeeds().flatMap(({ stale, issuer, error }) =>
            stale ? [`${issuer}${error ? ` (${error})` : ''}`] : [],
          ),
        ),
      warning: () =>
        feedAges().length === 0 ? 'there are none: tokens of people who lost access live until they expire' : undefined,
      ageSeconds: () => {
        const ages = feedAges().map((feed) => feed.ageSeconds)
        return ages.length === 0 ? undefined : Math.max(...ages)
      },
    },
  ]
}

/** How old the news of each feed is. One that never brought any is as old as time. */
export function agesOf(feeds: readonly FeedState[]): FeedAge[] {
  return feeds.map(({ feed, issuer, lastSuccessAt = 0 }) => ({
    feed,
    issuer,
    ageSeconds: Date.now() / 1000 - lastSuccessAt,
  }))
}

function waitFor(what: string, names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `${what} ${names.join(', ')}`
}

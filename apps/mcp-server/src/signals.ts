import { join } from 'node:path'
import type { FeedState, Signal } from '@mcp-identity/shared-signals'
import { pollKeycloakEvents } from '@mcp-identity/shared-signals'
import { shareSignals } from '@mcp-identity/shared-signals/redis'
import { type CutOffStore, openCutOffStore } from '@mcp-identity/shared-signals/sqlite'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Config } from './config.ts'
import { inOneGo } from './in-one-go.ts'

/** Once a disk and a store have to be waited for, so little more is not noticed. */
const gatherMs = 10

/** Clock difference that the verifier accepts, twice, and a little for a token on its way. */
const retentionMarginSeconds = 60

/** How long a cut-off is remembered. */
export function cutOffRetentionSeconds({ maxTokenLifetimeSeconds }: Pick<Config, 'maxTokenLifetimeSeconds'>): number {
  return maxTokenLifetimeSeconds + retentionMarginSeconds
}

export interface Signals {
  readonly cutOffs: CutOffStore
  feeds(): FeedState[]
  /**
   * Why a token is no longer good, for the verifier.
   *
   * @throws {StaleFeedError} The issuer's feed, or that of the other replicas, is behind: nothing can be said.
   */
  reasonRefused(token: VerifiedAccessToken): string | undefined
  /**
   * Takes in signals from elsewhere: at once here, and resolves when the other replicas can hear of them.
   *
   * @throws {Error} They cannot: let the sender come again.
   */
  apply(signals: readonly Signal[]): Promise<void>
  /** Remembers a fact once for all replicas; undefined for a server on its own. See `SharedSignals.remember`. */
  readonly remember: ((id: string, expiresAt: number) => Promise<boolean>) | undefined
  close(): void
}

/** What happened lately is not known, so no token can be accepted. */
class StaleFeedError extends Error {
  constructor(issuer: string) {
    super(`what happened lately at ${issuer} is not known`)
    this.name = 'StaleFeedError'
  }
}

export interface SignalsOptions {
  config: Pick<
    Config,
    'dataDirectory' | 'keycloakEvents' | 'redis' | 'maxTokenLifetimeSeconds' | 'feedStalenessBoundMs'
  >
  onState: (state: FeedState) => void
  onSignal: (signal: Signal) => void
  /** Feeds from elsewhere that alone tell about an issuer. Default: none. */
  otherFeeds?: (issuer: string) => FeedState[]
  fetch?: typeof fetch
}

/** Opens the cut-off store, joins the other replicas where there are any, and starts the feeds. */
export function openSignals({
  config,
  onState,
  onSignal,
  otherFeeds = () => [],
  fetch: send,
}: SignalsOptions): Signals {
  const retentionSeconds = cutOffRetentionSeconds(config)
  const cutOffs = openCutOffStore(join(config.dataDirectory, 'cut-offs.db'), { retentionSeconds })
  cutOffs.subscribe(onSignal)
  const replicas = config.redis && joinReplicas(config.redis)
  const feeds = config.keycloakEvents.map((feed) => ({
    issuer: feed.issuer,
    ...pollKeycloakEvents({
      ...feed,
      retentionSeconds,
      stalenessBoundMs: config.feedStalenessBoundMs,
      cursorStore: cutOffs.cursorStore(`keycloak ${feed.issuer}`),
      onSignals: (signals) => {
        cutOffs.takeIn(signals)
        // What one does not know for want of events, the others may. Each reads the events itself: this is for speed.
        const known = signals.filter((signal) => signal.kind !== 'cut_off' || signal.cause !== 'events_lost')
        replicas?.publish(known).catch(() => {})
      },
      onState,
      fetch: send,
    }),
  }))
  const feedByIssuer = new Map(feeds.map((feed) => [feed.issuer, feed]))

  function joinReplicas({ name, ...redis }: NonNullable<Config['redis']>) {
    return shareSignals({
      redis,
      name,
      retentionSeconds,
      stalenessBoundMs: config.feedStalenessBoundMs,
      positionStore: cutOffs.positionStore('replicas'),
      standing: cutOffs.standing,
      onSignals: cutOffs.takeIn,
      onState,
    })
  }

  function isBehind(issuer: string): boolean {
    return (
      feedByIssuer.get(issuer)?.state().stale === true ||
      replicas?.state().stale === true ||
      otherFeeds(issuer).some(({ stale }) => stale)
    )
  }

  return {
    cutOffs,
    feeds: () => [...feeds, ...(replicas === undefined ? [] : [replicas])].map((feed) => feed.state()),
    reasonRefused(token) {
      const reason = cutOffs.reasonRefused(token)
      if (reason === undefined && isBehind(token.issuer)) throw new StaleFeedError(token.issuer)
      return reason
    },
    apply: inOneGo(async (signals) => {
      cutOffs.takeIn(signals)
      await Promise.all([cutOffs.settle(), replicas?.publish(signals)])
    }, gatherMs),
    remember: replicas?.remember,
    close() {
      for (const feed of feeds) feed.stop()
      replicas?.stop()
      cutOffs.close()
    },
  }
}

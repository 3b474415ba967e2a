import { join } from 'node:path'
import type { FeedState, Signal } from '@mcp-identity/shared-signals'
import { pollKeycloakEvents } from '@mcp-identity/shared-signals'
import { type CutOffStore, openCutOffStore } from '@mcp-identity/shared-signals/sqlite'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import type { Config } from './config.ts'

/** Clock difference that the verifier accepts, twice, and a little for a token on its way. */
const retentionMarginSeconds = 60

export interface Signals {
  readonly cutOffs: CutOffStore
  feeds(): FeedState[]
  /**
   * Why a token is no longer good, for the verifier.
   *
   * @throws {StaleFeedError} The issuer's feed is behind: nothing can be said.
   */
  reasonRefused(token: VerifiedAccessToken): string | undefined
  /** Takes in signals from elsewhere. */
  apply(signals: readonly Signal[]): void
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
  config: Pick<Config, 'dataDirectory' | 'keycloakEvents' | 'maxTokenLifetimeSeconds' | 'feedStalenessBoundMs'>
  onState: (state: FeedState) => void
  onSignal: (signal: Signal) => void
  fetch?: typeof fetch
}

/** Opens the cut-off store and starts the feeds. */
export function openSignals({ config, onState, onSignal, fetch: send }: SignalsOptions): Signals {
  const retentionSeconds = config.maxTokenLifetimeSeconds + retentionMarginSeconds
  const cutOffs = openCutOffStore(join(config.dataDirectory, 'cut-offs.db'), { retentionSeconds })
  cutOffs.subscribe(onSignal)
  const feeds = config.keycloakEvents.map((feed) => ({
    issuer: feed.issuer,
    ...pollKeycloakEvents({
      ...feed,
      retentionSeconds,
      stalenessBoundMs: config.feedStalenessBoundMs,
      cursorStore: cutOffs.cursorStore(`keycloak ${feed.issuer}`),
      onSignals: cutOffs.applyAll,
      onState,
      fetch: send,
    }),
  }))
  const feedByIssuer = new Map(feeds.map((feed) => [feed.issuer, feed]))

  return {
    cutOffs,
    feeds: () => feeds.map((feed) => feed.state()),
    reasonRefused(token) {
      const reason = cutOffs.reasonRefused(token)
      if (reason === undefined && feedByIssuer.get(token.issuer)?.state().stale === true)
        throw new StaleFeedError(token.issuer)
      return reason
    },
    apply: cutOffs.applyAll,
    close() {
      for (const feed of feeds) feed.stop()
      cutOffs.close()
    },
  }
}

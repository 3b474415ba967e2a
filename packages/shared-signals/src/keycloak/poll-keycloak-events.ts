import type { FeedState } from '../feed-state.ts'
import { observeFeed } from '../observe-feed.ts'
import { createReadiness } from '../readiness.ts'
import type { Signal } from '../signal.ts'
import { within } from '../within.ts'
import { createKeycloakAdminClient } from './admin-client.ts'
import type { EventCursor } from './event-reader.ts'
import { createEventReader } from './event-reader.ts'

/** Keeps the cursor of one feed across restarts. */
export interface CursorStore {
  load(): EventCursor | undefined
  save(cursor: EventCursor): void
}

export interface KeycloakEventFeedOptions {
  /** The realm's issuer, exactly as tokens carry it. */
  issuer: string
  /** Default: the issuer with `/realms/` read as `/admin/realms/`. */
  adminBaseUrl?: string | undefined
  /** Default: `{issuer}/protocol/openid-connect/token`. */
  tokenEndpoint?: string | undefined
  /** A confidential client whose service account holds `view-events` and, to reconcile, `view-users`. */
  clientId: string
  clientSecret: string
  /** Longest life of an access token plus the accepted clock difference, in seconds. */
  retentionSeconds: number
  /** From the start of one read to the start of the next, 50 to 5,000. Default 250. */
  intervalMs?: number | undefined
  /** A feed whose last successful read began longer ago is stale, 500 to 60,000. Default 5,000. */
  stalenessBoundMs?: number | undefined
  /**
   * Limit for one request. Default: half of what the bound leaves beside the interval (2,375), so that after a request that was
   * not answered there is time for another before the feed is stale.
   */
  requestTimeoutMs?: number | undefined
  /** How often the list of disabled people is compared; 0: never, then `view-users` is not needed. Default 60,000. */
  reconcileIntervalMs?: number | undefined
  cursorStore: CursorStore
  /** Takes in what was read. What it took in must be kept when it returns: the cursor is saved after it. */
  onSignals: (signals: readonly Signal[]) => void
  /** Told when the feed becomes stale or fresh, and when its error changes. */
  onState?: ((state: FeedState) => void) | undefined
  fetch?: typeof fetch | undefined
  /** Now, in seconds since the epoch. Default: the system clock. */
  clock?: (() => number) | undefined
}

export interface KeycloakEventFeed {
  /** Resolves when everything that happened so far is known. Waits as long as Keycloak does not answer; rejects when stopped before. */
  ready: Promise<void>
  state(): FeedState
  /** Ends the timers. A read under way is finished but not acted upon. */
  stop(): void
}

/** Retries never come slower than this, so that the return of Keycloak is seen at once; one request a second is no storm. */
const slowestRetryMs = 1_000
/** A cursor that moves by time alone is saved this often. */
const saveIntervalMs = 5_000

/**
 * Feeds cut-offs from Keycloak's user events and admin events, which record every way in which access ends: the admin
 * console, the REST API, SCIM, back-channel logout, revocation, deletion.
 *
 * Reads by cursor, so nothing is lost while either side is down. Starts by itself when Keycloak does. Refuses to look
 * healthy when the realm records no events.
 *
 * @throws {TypeError} A setting is out of bounds, the interval is as long as the bound, or the issuer is not a realm of Keycloak.
 */
export function pollKeycloakEvents(options: KeycloakEventFeedOptions): KeycloakEventFeed {
  const { issuer, cursorStore, onState, clock = () => Date.now() / 1000 } = options
  const intervalMs = within('intervalMs', options.intervalMs ?? 250, 50, 5_000)
  const stalenessBoundMs = within('stalenessBoundMs', options.stalenessBoundMs ?? 5_000, 500, 60_000)
  const requestTimeoutMs = options.requestTimeoutMs ?? Math.floor((stalenessBoundMs - intervalMs) / 2)
  if (requestTimeoutMs <= 0)
    throw new TypeError(
      `"intervalMs" must be less than "stalenessBoundMs", ${stalenessBoundMs}, found ${intervalMs}: with it the feed would always be stale`,
    )
  const admin = createKeycloakAdminClient({ ...options, requestTimeoutMs, clock })
  const reader = createEventReader({
    issuer,
    admin,
    clock,
    retentionSeconds: options.retentionSeconds,
    reconcileIntervalMs: options.reconcileIntervalMs ?? 60_000,
    onSignals: (signals) => {
      if (!stopped) options.onSignals(signals)
    },
  })

  let cursor = cursorStore.load()
  let savedAtMs = 0
  let lastSuccessAt: number | undefined
  let lastSuccessMs = Number.NEGATIVE_INFINITY
  let error: string | undefined
  let failures = 0
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const { ready, becomeReady, giveUp } = createReadiness()

  async function readOnce(): Promise<void> {
    const startedAt = clock()
    const startedMs = performance.now()
    try {
      const next = await reader.read(cursor)
      if (stopped) return
      keep(next)
      lastSuccessAt = startedAt
      lastSuccessMs = startedMs
      error = undefined
      failures = 0
      becomeReady()
    } catch (cause) {
      if (stopped) return
      error = describe(cause)
      failures++
    }
    state()
    const pause = failures === 0 ? intervalMs : Math.min(slowestRetryMs, intervalMs * 2 ** Math.min(failures, 6))
    const jitter = failures === 0 ? 1 : 0.75 + Math.random() / 4
    timer = setTimeout(() => void readOnce(), Math.max(10, pause * jitter - (performance.now() - startedMs)))
    timer.unref()
  }

  function keep(next: EventCursor): void {
    const moved =
      next.newestUserEventMs !== cursor?.newestUserEventMs || next.newestAdminEventMs !== cursor.newestAdminEventMs
    cursor = next
    if (!moved && next.readAtMs - savedAtMs < saveIntervalMs) return
    cursorStore.save(next)
    savedAtMs = next.readAtMs
  }

  const state = observeFeed(
    (): FeedState => {
      const ageMs = lastSuccessAt === undefined ? Number.POSITIVE_INFINITY : (clock() - lastSuccessAt) * 1000
      // By both clocks: one that is set back must not make old news look fresh.
      const stale = Math.max(ageMs, performance.now() - lastSuccessMs) > stalenessBoundMs
      return { feed: 'keycloak_events', issuer, lastSuccessAt, stale, error }
    },
    (now) => stopped || onState?.(now),
  )

  void readOnce()
  return {
    ready,
    state,
    stop() {
      stopped = true
      clearTimeout(timer)
      giveUp(new Error('the feed was stopped'))
    },
  }
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown error'
  if (cause.name === 'TimeoutError') return 'Keycloak did not answer in time'
  const inner =
    cause.cause instanceof Error ? `: ${(cause.cause as NodeJS.ErrnoException).code ?? cause.cause.message}` : ''
  return `${cause.message}${inner}`
}

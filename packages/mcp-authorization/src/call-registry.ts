import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'

/** A running call ends with one answer; a stream stays open until somebody closes it. */
export type OpenKind = 'call' | 'stream'

/** A call or stream that is under way on behalf of a token. */
export interface OpenEntry {
  readonly token: VerifiedAccessToken
  readonly kind: OpenKind
  /** Why it was ended from outside; undefined while it may go on. */
  readonly endedBecause: string | undefined
  /** Takes the entry out: the call is done. Calling it again does nothing. */
  close(): void
}

/** Knows every running call and open stream, so that the right to them can end while they run. */
export interface CallRegistry {
  /**
   * Enters a call or stream. It is aborted at the token's expiry, or when {@link CallRegistry.endWhere} names it.
   *
   * @param controller What to abort; an `AbortController` fits. `abort` receives the reason.
   */
  open(token: VerifiedAccessToken, controller: { abort(reason?: unknown): void }, kind: OpenKind): OpenEntry
  /** Aborts what the predicate names and returns how many that were. The reason goes to `abort` and to the listener. */
  endWhere(predicate: (token: VerifiedAccessToken, kind: OpenKind) => boolean, reason: string): number
  /** How many streams the caller of this token has open, over all of his or her tokens. */
  streamsOf(token: VerifiedAccessToken): number
  /** How many calls and streams are under way. */
  readonly size: number
  /** Aborts everything and stops the timer. */
  endAll(reason: string): void
}

/** Settings of {@link createCallRegistry}. */
export interface CallRegistrySettings {
  /** Seconds since the epoch. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
  /** Told after each abort, for the audit log. Must not throw. */
  readonly onEnded?: ((entry: OpenEntry, reason: string) => void) | undefined
}

/** Node's timers hold at most a signed 32-bit number of milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

interface Entry extends OpenEntry {
  endedBecause: string | undefined
  /** Its place in the list; -1 once it is out. */
  place: number
  readonly controller: { abort(reason?: unknown): void }
}

/** Makes a {@link CallRegistry}. One timer serves all entries; it does not keep the process alive. */
export function createCallRegistry(settings: CallRegistrySettings = {}): CallRegistry {
  const clock = settings.clock ?? (() => Date.now() / 1000)
  const entries: Entry[] = []
  let timer: NodeJS.Timeout | undefined
  let timerDueAt = Number.POSITIVE_INFINITY

  /** A list, because a `Set` under load keeps what it has lost; see `slots.ts`. The last one takes the place. */
  function takeOut(entry: Entry): void {
    const last = entry.place === -1 ? undefined : entries.pop()
    if (last === undefined) return
    if (last !== entry) {
      entries[entry.place] = last
      last.place = entry.place
    }
    entry.place = -1
  }

  function end(entry: Entry, reason: string): void {
    // What ended before it may have closed it.
    if (entry.place === -1) return
    takeOut(entry)
    entry.endedBecause = reason
    entry.controller.abort(new Error(reason))
    settings.onEnded?.(entry, reason)
  }

  function endExpired(): void {
    timer = undefined
    timerDueAt = Number.POSITIVE_INFINITY
    const now = clock()
    let next = Number.POSITIVE_INFINITY
    for (const entry of [...entries]) {
      if (entry.token.expiresAt <= now) end(entry, 'expired')
      else next = Math.min(next, entry.token.expiresAt)
    }
    if (next !== Number.POSITIVE_INFINITY) wakeAt(next)
  }

  function wakeAt(expiresAt: number): void {
    if (expiresAt >= timerDueAt) return
    clearTimeout(timer)
    timerDueAt = expiresAt
    timer = setTimeout(endExpired, Math.min(Math.max(0, Math.ceil((expiresAt - clock()) * 1000)), LONGEST_TIMER_MS))
    timer.unref()
  }

  function endWhere(predicate: (token: VerifiedAccessToken, kind: OpenKind) => boolean, reason: string): number {
    const named = [...entries].filter((entry) => predicate(entry.token, entry.kind))
    for (const entry of named) end(entry, reason)
    return named.length
  }

  return {
    open(token, controller, kind) {
      const place = entries.length
      const entry: Entry = { token, kind, controller, endedBecause: undefined, place, close: () => takeOut(entry) }
      entries.push(entry)
      wakeAt(token.expiresAt)
      return entry
    },
    endWhere,
    streamsOf(token) {
      let count = 0
      for (const entry of entries) if (entry.kind === 'stream' && isSameCaller(entry.token, token)) count += 1
      return count
    },
    get size() {
      return entries.length
    },
    endAll(reason) {
      endWhere(() => true, reason)
      clearTimeout(timer)
      timer = undefined
      timerDueAt = Number.POSITIVE_INFINITY
    },
  }
}

function isSameCaller(one: VerifiedAccessToken, other: VerifiedAccessToken): boolean {
  return one.subject === other.subject && one.issuer === other.issuer
}

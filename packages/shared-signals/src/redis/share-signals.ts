import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { FeedState } from '../feed-state.ts'
import { observeFeed } from '../observe-feed.ts'
import { createReadiness } from '../readiness.ts'
import type { Signal } from '../signal.ts'
import { within } from '../within.ts'
import { connectRedis, type RedisAddress, readRedisUrl } from './connect-redis.ts'
import type { PositionStore, StreamPosition } from './stream-position.ts'
import type { StreamEntry, StreamKeys } from './stream-scripts.ts'
import {
  addToStream,
  openStream,
  readHead,
  readStanding,
  readStream,
  refuseEviction,
  rememberOnce,
  streamKeys,
} from './stream-scripts.ts'

export interface SharedSignalsOptions {
  redis: RedisAddress
  /** Names the replicas that belong together, for a store that serves several groups. Default `mcp-signals`. */
  name?: string | undefined
  /** Longest life of an access token plus the accepted clock difference, in seconds. The same at every replica. */
  retentionSeconds: number
  /** What this replica knows may be this old before it counts as stale, 1,000 to 60,000. Default 5,000. */
  stalenessBoundMs?: number | undefined
  /** Entries that the stream keeps for those who were away, 100 to 10,000,000. Default 100,000; who was away longer reads everything that stands. */
  mostEntries?: number | undefined
  /** Default: none, so a start reads everything that stands. */
  positionStore?: PositionStore | undefined
  /** Everything that stands here. Told to a store that has lost what it held. Default: nothing. */
  standing?: (() => Iterable<Signal>) | undefined
  /** Takes in what others have told. What it took in must be kept when it returns: the position is saved after it. */
  onSignals: (signals: readonly Signal[]) => void
  /** Told when the feed becomes stale or fresh, and when its error changes. */
  onState?: ((state: FeedState) => void) | undefined
}

export interface SharedSignals {
  /** Resolves when everything is known that replicas have told so far. Waits as long as the store is away; rejects when stopped before. */
  ready: Promise<void>
  state(): FeedState
  /**
   * Tells the other replicas. Resolves when the store has it.
   *
   * @throws {Error} The store is away: tell whoever told you to come again.
   */
  publish(signals: readonly Signal[]): Promise<void>
  /**
   * Remembers something for all replicas, such as that a DPoP proof was used (RFC 9449 section 11.1).
   *
   * @param id Of any length; kept as a hash.
   * @param expiresAt Until when, in seconds since the epoch.
   * @returns false when it was remembered already, at whichever replica.
   * @throws {Error} The store is away.
   */
  remember(id: string, expiresAt: number): Promise<boolean>
  /** Ends the connections. */
  stop(): void
}

/** From the end of a session with the store to the next attempt. */
const reconnectMs = 250
/** How long a read waits for news; then the store is asked whether it still is what it was. */
const heartbeatMs = 500
/** How soon it is told that the bound has passed. */
const watchMs = 100
const entriesAtOnce = 500
const signalsAtOnce = 200
const takenAtOnce = 25
/** A portion is followed by a rest so many times as long, so that calls go on beside many of them. */
const restTimes = 3
/** What others were told has to be taken in soon, however long it takes. */
const longestRestMs = 5
/** A store that has just begun is given the time in which every replica finds it and tells what it knows. */
const settleMs = 2_000
const saveIntervalMs = 1_000

/**
 * Joins the replicas of a resource server by a Redis or Valkey: what one is told reaches all, in order and without loss.
 *
 * One stream with numbered entries is both the wake-up (a blocking read) and the catch-up; beside it stands the set of
 * all cut-offs that hold, for replicas that are new or were away for longer than the stream goes back. Every way of not
 * knowing ends in a stale feed, never in an old answer: the store away, an entry missing, a store that lost its data or
 * may drop some.
 *
 * @throws {TypeError} A setting is out of bounds.
 */
export function shareSignals(options: SharedSignalsOptions): SharedSignals {
  const {
    redis: address,
    name = 'mcp-signals',
    retentionSeconds,
    positionStore,
    standing,
    onSignals,
    onState,
  } = options
  const stalenessBoundMs = within('stalenessBoundMs', options.stalenessBoundMs ?? 5_000, 1_000, 60_000)
  const mostEntries = within('mostEntries', options.mostEntries ?? 100_000, 100, 10_000_000)
  within('retentionSeconds', retentionSeconds, 1, 31_536_000)
  const { hostname, port } = readRedisUrl(address.url)
  const keys = streamKeys(name)
  const origin = randomUUID()

  let position = positionStore?.load()
  let savedAtMs = Number.NEGATIVE_INFINITY
  let session: Session | undefined
  let knownAtMs: number | undefined
  let error: string | undefined
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const { ready, becomeReady, giveUp } = createReadiness()
  const watch = setInterval(() => state(), watchMs)
  watch.unref()

  async function runSession(): Promise<void> {
    try {
      session = await openSession(address, keys)
      if (stopped) return session.close()
      await follow(session)
    } catch (cause) {
      if (!stopped) error = describe(cause)
    } finally {
      session?.close()
      session = undefined
    }
    if (stopped) return
    state()
    timer = setTimeout(() => void runSession(), reconnectMs)
    timer.unref()
  }

  /** Catches up, and stays caught up until something fails. */
  async function follow(current: Session): Promise<void> {
    const head = await openStream(current.reader, keys, position)
    current.epoch = head.epoch
    const settledAtMs = performance.now() + Math.max(0, settleMs - head.ageMs)
    let at: StreamPosition = head.goesOn && position ? position : head
    if (!head.goesOn) {
      for await (const signals of readStanding(current.reader, keys)) onSignals(signals)
      await tellEverything(current)
      position = { epoch: head.epoch, sequence: head.sequence, mark: head.mark }
    }
    // The first read does not wait: it finds what came since, or that nothing did.
    for (let blockMs = 1; !stopped; blockMs = heartbeatMs) {
      const askedAtMs = performance.now()
      const { entries, isWhole } = await readStream(current.reader, keys, at.sequence, {
        ownOrigin: origin,
        count: entriesAtOnce,
        blockMs,
      })
      if (stopped) return
      at = await takeIn(entries, at)
      if (stopped) return
      const isLast = isWhole && entries.length < entriesAtOnce
      const isAtEnd = entries.length === 0 ? await isStillAt(current, at) : isLast
      if (!isAtEnd || askedAtMs < settledAtMs) continue
      knownAtMs = askedAtMs
      error = undefined
      becomeReady()
      state()
    }
  }

  /** In portions, with rests between. @returns How far it came. */
  async function takeIn(entries: StreamEntry[], at: StreamPosition): Promise<StreamPosition> {
    let signals: Signal[] = []
    for (const [index, entry] of entries.entries()) {
      signals.push(...entry.signals)
      const isLast = index === entries.length - 1
      if (signals.length < takenAtOnce && !isLast) continue
      const startedAtMs = performance.now()
      if (signals.length > 0) onSignals(signals)
      signals = []
      position = { epoch: at.epoch, sequence: entry.sequence, mark: entry.mark }
      savePosition(position)
      if (isLast) return position
      await sleep(Math.min((performance.now() - startedAtMs) * restTimes, longestRestMs))
      if (stopped) return position
    }
    return at
  }

  function savePosition(reached: StreamPosition): void {
    if (performance.now() - savedAtMs < saveIntervalMs) return
    positionStore?.save(reached)
    savedAtMs = performance.now()
  }

  /** @throws {Error} The store has lost what it held. */
  async function isStillAt(current: Session, at: StreamPosition): Promise<boolean> {
    const head = await readHead(current.reader, keys)
    if (head.epoch !== at.epoch || head.sequence < at.sequence) throw new Error('the store has lost what it held')
    return head.sequence === at.sequence
  }

  /** The store may have lost what this replica still knows. */
  async function tellEverything(current: Session): Promise<void> {
    let some: Signal[] = []
    for (const signal of standing?.() ?? []) {
      some.push(signal)
      if (some.length < signalsAtOnce) continue
      await add(current, some)
      some = []
    }
    if (some.length > 0) await add(current, some)
  }

  function add({ writer, epoch }: Session, signals: readonly Signal[]): Promise<void> {
    return addToStream(writer, keys, signals, { epoch, origin, retentionSeconds, mostEntries })
  }

  async function withStore<T>(work: (current: Session) => Promise<T>): Promise<T> {
    const current = session
    if (current === undefined || current.epoch === '')
      throw new Error(`the store of signals is away: ${error ?? 'connecting'}`)
    try {
      return await work(current)
    } catch (cause) {
      // Whatever it was, the next session begins by finding out where the store stands.
      current.close()
      throw cause
    }
  }

  const publish = (signals: readonly Signal[]): Promise<void> =>
    withStore(async (current) => {
      for (let first = 0; first < signals.length; first += signalsAtOnce)
        await add(current, signals.slice(first, first + signalsAtOnce))
    })

  const remember = (id: string, expiresAt: number): Promise<boolean> =>
    withStore(({ writer }) => rememberOnce(writer, keys, id, expiresAt))

  const state = observeFeed(
    (): FeedState => {
      const ageMs = knownAtMs === undefined ? undefined : performance.now() - knownAtMs
      return {
        feed: 'replicas',
        issuer: `${hostname}:${port}/${name}`,
        lastSuccessAt: ageMs === undefined ? undefined : (Date.now() - ageMs) / 1000,
        stale: ageMs === undefined || ageMs > stalenessBoundMs,
        error,
      }
    },
    (now) => stopped || onState?.(now),
  )

  void runSession()
  return {
    ready,
    state,
    publish,
    remember,
    stop() {
      stopped = true
      clearTimeout(timer)
      clearInterval(watch)
      if (position !== undefined) positionStore?.save(position)
      session?.close()
      giveUp(new Error('the feed was stopped'))
    },
  }
}

/** Two connections, since a read that waits holds up whatever comes after it. */
interface Session {
  reader: Redis
  writer: Redis
  /** Empty until the stream was opened. */
  epoch: string
  close(): void
}

async function openSession(address: RedisAddress, keys: StreamKeys): Promise<Session> {
  const reader = await connectRedis(address, `${keys.stream} reader`.replace(/\s/g, '-'))
  try {
    await refuseEviction(reader)
    const writer = await connectRedis(address, `${keys.stream} writer`.replace(/\s/g, '-'))
    const close = (): void => {
      reader.disconnect()
      writer.disconnect()
    }
    return { reader, writer, epoch: '', close }
  } catch (error) {
    reader.disconnect()
    throw error
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown error'
}

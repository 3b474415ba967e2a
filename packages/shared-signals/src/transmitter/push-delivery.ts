import { eventTypes } from './event-types.ts'
import type { FinishedEvent, OutgoingEvent, Stream, TransmitterStore } from './transmitter-store.ts'

/** A SET that was not taken. Nothing of it is told but its id. */
export interface PushFailure {
  streamId: string
  tokenId: string
  /** What was answered, or why nothing was. */
  problem: string
  /** Milliseconds until the next attempt; undefined: it is not sent again. */
  retryInMs: number | undefined
}

export interface PushDeliveryOptions {
  store: TransmitterStore
  sign(event: OutgoingEvent): Promise<string>
  /** Milliseconds since the epoch. */
  clock: () => number
  onPushFailed?: ((failure: PushFailure) => void) | undefined
  fetch?: typeof fetch | undefined
}

const firstRetryMs = 200
const slowestRetryMs = 60_000
const timeoutMs = 5_000
const longestProblem = 500
/** One after the other, ten thousand who leave at once would each wait for the answers to all before. */
const mostAtOnce = 50

/** Codes of RFC 8935 section 2.4 that the receiver can mend: its set-up, not this SET, is wrong. */
const mendable = new Set(['invalid_key', 'authentication_failed', 'access_denied'])

/**
 * Pushes SETs (RFC 8935), oldest first: for each stream up to fifty at a time, for different streams side by side. After one
 * that was not taken, that one alone until it is.
 *
 * 202 is delivered. 400 with an error that no later attempt would change is refused for good. Everything else is sent
 * again, after 0.2 s, 0.4 s … at most 60 s, until the stream is disabled.
 */
export function createPushDelivery(options: PushDeliveryOptions) {
  const { store, sign, clock, onPushFailed } = options
  const send = options.fetch ?? fetch
  const running = new Map<string, Promise<void>>()
  const again = new Set<string>()
  const timers = new Map<string, NodeJS.Timeout>()
  let stopped = false

  function kick(): void {
    if (stopped) return
    for (const stream of store.streams()) if (stream.delivery.method === 'urn:ietf:rfc:8935') start(stream.streamId)
  }

  function start(streamId: string): void {
    if (stopped) return
    if (running.has(streamId)) return void again.add(streamId)
    const work = drain(streamId).finally(() => {
      running.delete(streamId)
      if (again.delete(streamId)) start(streamId)
    })
    running.set(streamId, work)
  }

  /** Until nothing waits, something has to wait, or the stream stands still. */
  async function drain(streamId: string): Promise<void> {
    while (!stopped) {
      const stream = store.findStream(streamId)
      const [first, ...others] = stream === undefined ? [] : eventsToSend(store, stream, mostAtOnce)
      if (stream === undefined || first === undefined) return
      const waitMs = first.nextAttemptAtMs - clock()
      if (waitMs > 0) return later(streamId, waitMs)
      await pushAll(stream, first.attempts > 0 ? [first] : [first, ...others])
    }
  }

  async function pushAll(stream: Stream, events: readonly OutgoingEvent[]): Promise<void> {
    const signed = events.map((event) => ({ event, compact: sign(event) }))
    // Signing ends in any order, and they are to begin in theirs.
    await Promise.allSettled(signed.map(({ compact }) => compact))
    const outcomes = await Promise.all(signed.map(({ event, compact }) => attempt(stream, event, compact)))
    store.finishEvents(
      stream.streamId,
      outcomes.flatMap((finished) => finished ?? []),
    )
  }

  /** @returns Undefined when it has to be sent again. */
  async function attempt(
    stream: Stream,
    event: OutgoingEvent,
    compact: Promise<string>,
  ): Promise<FinishedEvent | undefined> {
    const outcome = await push(stream, compact)
    const { streamId, tokenId } = event
    if (outcome.delivered) return { tokenId }
    const { problem } = outcome
    const retryInMs = outcome.isFinal ? undefined : retryDelayMs(event.attempts)
    if (retryInMs !== undefined) store.retryEvent(event.id, problem, clock() + retryInMs)
    onPushFailed?.({ streamId, tokenId, problem, retryInMs })
    return retryInMs === undefined ? { tokenId, refusedBecause: problem } : undefined
  }

  async function push({ delivery }: Stream, compact: Promise<string>): Promise<PushOutcome> {
    const authorization = 'authorization_header' in delivery ? delivery.authorization_header : undefined
    try {
      const response = await send(delivery.endpoint_url ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/secevent+jwt',
          accept: 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: await compact,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = (await response.text()).slice(0, longestProblem)
      if (response.status === 202) return { delivered: true }
      const code = response.status === 400 ? errorCodeIn(text) : undefined
      const isFinal = code !== undefined && !mendable.has(code)
      return {
        delivered: false,
        isFinal,
        problem: `answered ${response.status}${code === undefined ? '' : ` ${code}`}`,
      }
    } catch (error) {
      return { delivered: false, isFinal: false, problem: error instanceof Error ? error.message : String(error) }
    }
  }

  function later(streamId: string, ms: number): void {
    clearTimeout(timers.get(streamId))
    const timer = setTimeout(() => start(streamId), ms)
    timer.unref()
    timers.set(streamId, timer)
  }

  const idle = async (): Promise<void> => {
    while (running.size > 0) await Promise.all(running.values())
  }

  return {
    kick,
    idle,
    async stop(): Promise<void> {
      stopped = true
      for (const timer of timers.values()) clearTimeout(timer)
      await idle()
    },
  }
}

type PushOutcome = { delivered: true } | { delivered: false; isFinal: boolean; problem: string }

const streamUpdated = `"${eventTypes.streamUpdated}"`
const mostLookedAt = 1_000

/** What may go out now, oldest first. A stream that is paused or disabled stands still, but for the event that says so. */
export function eventsToSend(store: TransmitterStore, { streamId, status }: Stream, limit: number): OutgoingEvent[] {
  if (status === 'enabled') return store.pendingEvents(streamId, limit)
  const pending = store.pendingEvents(streamId, mostLookedAt)
  return pending.filter(({ claims }) => claims.includes(streamUpdated)).slice(0, limit)
}

/** `err` of RFC 8935 section 2.3. */
function errorCodeIn(text: string): string | undefined {
  const code = /"err"\s*:\s*"([\w.-]{1,64})"/.exec(text)?.[1]
  return code
}

/** Exponential, with half of the delay left to chance. */
function retryDelayMs(failures: number): number {
  const longest = Math.min(slowestRetryMs, firstRetryMs * 2 ** Math.min(failures, 20))
  return Math.round(longest * (0.5 + Math.random() / 2))
}

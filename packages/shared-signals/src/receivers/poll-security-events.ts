import { setTimeout } from 'node:timers/promises'
import type { FeedState } from '../feed-state.ts'
import { inPortions, type Rest } from '../in-portions.ts'
import { requireSafeAddress } from '../loopback.ts'
import { observeFeed } from '../observe-feed.ts'
import type { Signal } from '../signal.ts'
import { within } from '../within.ts'
import type { OnStreamEvent, ReceiverContext, SignalOrigin } from './receiver-context.ts'
import { RefusedSignalError, ReplayedSignalError } from './refused-signal.ts'
import { createReplayMemory } from './replay-memory.ts'
import { takeInSecurityEvent, verifySecurityEvent } from './take-in-security-event.ts'
import type { Transmitter } from './transmitter.ts'
import { createMessageVerifier } from './verify-signed-message.ts'

export interface PollOptions {
  /** Who is polled, and whom it may speak about. */
  transmitter: Transmitter
  /** `delivery.endpoint_url` of the stream. https except for loopback. */
  endpointUrl: string
  /** Gives the value of the `Authorization` header, before each request. */
  authorization: () => string | Promise<string>
  /** Takes in what was received. What it took in must be kept when it returns: it is acknowledged then. */
  onSignals: (signals: readonly Signal[], origin: SignalOrigin) => unknown
  /** Told of verification and of changes of the stream; see the receivers by push. */
  onStreamEvent?: OnStreamEvent | undefined
  /** Told of every refusal, which the transmitter is told of too (`setErrs`). */
  onRefused?: ((error: RefusedSignalError) => void) | undefined
  /** Told when the feed becomes stale or fresh, and when its error changes. */
  onState?: ((state: FeedState) => void) | undefined
  /**
   * `long`: each request waits at the transmitter until there is something (RFC 8936 section 2.5). `short`: one request
   * each `intervalMs`, answered at once. Default long.
   */
  polling?: 'long' | 'short' | undefined
  /** From the end of one short poll to the next, 50 to 60,000. Default 1,000. */
  intervalMs?: number | undefined
  /** Most SETs in one answer, 1 to 1,000. Default 100. */
  maxEvents?: number | undefined
  /** Longest a request may take, and so the longest wait of a long poll, 1,000 to 300,000. Default 60,000. */
  requestTimeoutMs?: number | undefined
  /** A feed whose last answered request began longer ago is stale. Default: `requestTimeoutMs` and 10 s. */
  stalenessBoundMs?: number | undefined
  /** Accepted clock difference, in seconds, 0 to 60. Default 5. */
  clockToleranceSeconds?: number | undefined
  /** Now, in seconds since the epoch. Default: the system clock. */
  clock?: (() => number) | undefined
  fetch?: typeof fetch | undefined
}

export interface PolledStream {
  state(): FeedState
  /** Ends the request under way and starts no other one. What was not acknowledged comes again after the next start. */
  stop(): Promise<void>
}

const firstRetryMs = 500
const slowestRetryMs = 30_000
/** Calls of others go on while ten thousand people leave, who are refused three seconds later for it. */
const portionSize = 5
const rest: Rest = { times: 4, mostMsAnItem: 0.3 }
/** Each may be a look-up at whoever knows the people. */
const mostUnderWay = 100
const mostReplays = 1_000_000
/** Longest answer that is read, in characters: a thousand SETs of 64 KiB would be no answer any more. */
const longestAnswer = 16_777_216

/**
 * Receives Security Event Tokens by polling (RFC 8936; SSF 1.0 section 6.1.2), for receivers that nobody can reach.
 *
 * A SET is acknowledged with the next request once its effect is kept; one that is not acceptable is reported in
 * `setErrs` and has no effect; one whose keys or person cannot be looked up now is neither, and comes again. A SET that
 * comes twice is acknowledged twice. Goes on after every failure, at most 30 s later. Takes in a few at a time, with rests
 * between in which whatever else waits has the event loop: 0.3 ms for each SET of an answer at most, all of them together.
 *
 * @throws {TypeError} A setting is out of bounds.
 */
export function pollSecurityEvents(options: PollOptions): PolledStream {
  const { transmitter, authorization, clock = () => Date.now() / 1000, clockToleranceSeconds = 5 } = options
  const endpointUrl = requireSafeAddress('endpointUrl', options.endpointUrl)
  const isLong = (options.polling ?? 'long') === 'long'
  const intervalMs = within('intervalMs', options.intervalMs ?? 1_000, 50, 60_000)
  const maxEvents = within('maxEvents', options.maxEvents ?? 100, 1, 1_000)
  const requestTimeoutMs = within('requestTimeoutMs', options.requestTimeoutMs ?? 60_000, 1_000, 300_000)
  const stalenessBoundMs = options.stalenessBoundMs ?? requestTimeoutMs + 10_000
  within('clockToleranceSeconds', clockToleranceSeconds, 0, 60)
  const send = options.fetch ?? fetch
  const replays = createReplayMemory({ clock, maxEntries: mostReplays })
  const context: ReceiverContext = {
    verifier: createMessageVerifier({ transmitters: [transmitter], replays, clock, clockToleranceSeconds }),
    transmitters: [transmitter],
    clock,
    onSignals: options.onSignals,
    onStreamEvent: options.onStreamEvent ?? (() => {}),
  }
  const stopping = new AbortController()
  let reply = emptyReply()
  let lastSuccessAt: number | undefined
  let lastSuccessMs = Number.NEGATIVE_INFINITY
  let error: string | undefined

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const startedAt = clock()
      const startedMs = performance.now()
      try {
        const answer = await request()
        lastSuccessAt = startedAt
        lastSuccessMs = startedMs
        error = undefined
        failures = 0
        state()
        await takeInAll(answer.sets)
        // Something to acknowledge, or more to fetch: at once. Otherwise no sooner than the interval, also where a
        // transmitter answers a long poll at once, or sends again what cannot be taken in now.
        const isPressing = isReply(reply) || (answer.sets.length === 0 && answer.moreAvailable)
        if (!isPressing) await pause(intervalMs - (isLong ? (clock() - startedAt) * 1000 : 0))
      } catch (cause) {
        if (stopping.signal.aborted) return
        error = cause instanceof Error ? cause.message : String(cause)
        failures++
        state()
        await pause(Math.min(slowestRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 10)))
      }
    }
  }

  /** One poll. What it acknowledges is forgotten only when it was answered. */
  async function request(): Promise<PollAnswer> {
    const sent = reply
    const body = {
      maxEvents,
      returnImmediately: !isLong,
      ...(isReply(sent) ? { ack: sent.ack } : {}),
      ...(Object.keys(sent.setErrs).length > 0 ? { setErrs: sent.setErrs } : {}),
    }
    const response = await send(endpointUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: await authorization() },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(requestTimeoutMs)]),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`the transmitter answered ${response.status} to a poll`)
    const answer = readAnswer(text)
    reply = emptyReply()
    return answer
  }

  /**
   * Side by side, so that what has to be waited for, a disk or a look-up, is waited for once and not once for each SET: ten
   * thousand people who leave at once come in ten answers, or in a hundred. What they do does not depend on their order.
   */
  async function takeInAll(sets: readonly PolledSet[]): Promise<void> {
    const underWay = new Set<Promise<void>>()
    async function begin(portion: readonly PolledSet[]): Promise<void> {
      for (const set of stopping.signal.aborted ? [] : portion) {
        const taken = takeIn(set).finally(() => underWay.delete(taken))
        underWay.add(taken)
      }
      while (underWay.size >= mostUnderWay) await Promise.race(underWay)
    }
    await inPortions(sets, portionSize, begin, rest)
    await Promise.all(underWay)
  }

  async function takeIn([tokenId, compact]: PolledSet): Promise<void> {
    try {
      const message = await verifySecurityEvent(compact, context)
      if (message.claims.jti !== tokenId) {
        throw new RefusedSignalError('invalid_request', 'the SET has another "jti" than the answer says')
      }
      await takeInSecurityEvent(message, context, 'ssf_poll')
      reply.ack.push(tokenId)
    } catch (cause) {
      if (cause instanceof ReplayedSignalError) reply.ack.push(tokenId)
      else if (cause instanceof RefusedSignalError) {
        reply.setErrs[tokenId] = { err: cause.code, description: cause.message }
        options.onRefused?.(cause)
      }
      // Anything else is ours, or will pass: it is not acknowledged, and comes again.
      else error = cause instanceof Error ? cause.message : String(cause)
    }
  }

  async function pause(ms: number): Promise<void> {
    await setTimeout(Math.max(0, ms), undefined, { signal: stopping.signal, ref: false }).catch(() => {})
  }

  const state = observeFeed((): FeedState => {
    const ageMs = lastSuccessAt === undefined ? Number.POSITIVE_INFINITY : (clock() - lastSuccessAt) * 1000
    // By both clocks: one that is set back must not make old news look fresh.
    const stale = Math.max(ageMs, performance.now() - lastSuccessMs) > stalenessBoundMs
    return { feed: 'ssf_poll', issuer: transmitter.issuer, lastSuccessAt, stale, error }
  }, options.onState)

  const running = run()
  return {
    state,
    async stop() {
      stopping.abort()
      await running
    },
  }
}

interface PollReply {
  ack: string[]
  setErrs: Record<string, { err: string; description: string }>
}

function emptyReply(): PollReply {
  return { ack: [], setErrs: Object.create(null) }
}

function isReply({ ack, setErrs }: PollReply): boolean {
  return ack.length > 0 || Object.keys(setErrs).length > 0
}

/** `jti` and SET in compact form. */
type PolledSet = readonly [string, string]

interface PollAnswer {
  sets: readonly PolledSet[]
  moreAvailable: boolean
}

/** RFC 8936 section 2.3. @throws {Error} It is no answer to a poll. */
function readAnswer(text: string): PollAnswer {
  if (text.length > longestAnswer) throw new Error('the transmitter answered too much to a poll')
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw new Error('the transmitter answered no JSON to a poll')
  }
  if (!isObject(content) || !isObject(content.sets)) throw new Error('the transmitter answered no "sets" to a poll')
  const sets = Object.entries(content.sets)
  if (!sets.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
    throw new Error('the transmitter answered "sets" that are no texts')
  return { sets, moreAvailable: content.moreAvailable === true }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

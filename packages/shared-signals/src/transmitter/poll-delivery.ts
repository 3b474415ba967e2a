import { answer, notFound, readRequest, refuse } from './messages.ts'
import { eventsToSend } from './push-delivery.ts'
import type { StreamReceiver } from './stream-receiver.ts'
import type { FinishedEvent, OutgoingEvent, TransmitterStore } from './transmitter-store.ts'

export interface PollDeliveryOptions {
  store: TransmitterStore
  sign(event: OutgoingEvent): Promise<string>
  longestPollMs: number
}

/** In one answer, where nobody says; and at most, where somebody does. */
const usualEvents = 100
const mostEvents = 1_000
const mostAcknowledged = 10_000

/**
 * Delivers SETs by poll (RFC 8936): takes acknowledgements and errors, and answers with what waits, oldest first.
 *
 * A long poll waits until there is something, `longestPollMs` at most. A SET is sent again in every answer until it is
 * acknowledged or refused.
 */
export function createPollDelivery({ store, sign, longestPollMs }: PollDeliveryOptions) {
  const waiting = new Set<() => void>()
  let stopped = false

  async function handle(request: Request, receiver: StreamReceiver, streamId: string): Promise<Response> {
    if (request.method !== 'POST') return refuse(405, 'expected POST')
    const stream = store.findStream(streamId)
    if (stream === undefined || stream.receiver !== receiver.name) return notFound()
    if (stream.delivery.method !== 'urn:ietf:rfc:8936') return notFound()
    const poll = readPoll(await readRequest(request))
    if (poll === undefined) return refuse(400, 'this is no poll request')
    if (poll.finished.length > 0) store.finishEvents(stream.streamId, poll.finished)
    if (poll.maxEvents === 0) return answer(200, { sets: {} })
    if (!poll.returnImmediately) await untilSomethingWaits(stream.streamId, request.signal)
    return answer(200, await collect(stream.streamId, poll.maxEvents))
  }

  function ready(streamId: string, limit: number): OutgoingEvent[] {
    const stream = store.findStream(streamId)
    return stream === undefined ? [] : eventsToSend(store, stream, limit)
  }

  async function collect(streamId: string, maxEvents: number) {
    const found = ready(streamId, maxEvents + 1)
    const now = found.slice(0, maxEvents)
    const sets = Object.fromEntries(await Promise.all(now.map(async (event) => [event.tokenId, await sign(event)])))
    return { sets, ...(found.length > now.length ? { moreAvailable: true } : {}) }
  }

  function untilSomethingWaits(streamId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        waiting.delete(check)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const check = (): void => {
        if (stopped || ready(streamId, 1).length > 0) end()
      }
      const timer = setTimeout(end, longestPollMs)
      waiting.add(check)
      signal.addEventListener('abort', end)
      check()
    })
  }

  return {
    handle,
    kick(): void {
      for (const check of waiting) check()
    },
    stop(): void {
      stopped = true
      for (const check of waiting) check()
    },
  }
}

interface PollRequest {
  maxEvents: number
  returnImmediately: boolean
  /** What `ack` and `setErrs` name. */
  finished: readonly FinishedEvent[]
}

/** RFC 8936 section 2.2. */
function readPoll(content: Record<string, unknown> | undefined): PollRequest | undefined {
  if (content === undefined) return undefined
  const { maxEvents = usualEvents, returnImmediately = false, ack = [], setErrs = {} } = content
  if (!Number.isInteger(maxEvents) || Number(maxEvents) < 0 || typeof returnImmediately !== 'boolean') return undefined
  if (!Array.isArray(ack) || ack.length > mostAcknowledged || !ack.every((each) => typeof each === 'string'))
    return undefined
  if (typeof setErrs !== 'object' || setErrs === null || Array.isArray(setErrs)) return undefined
  return {
    maxEvents: Math.min(Number(maxEvents), mostEvents),
    returnImmediately,
    finished: [
      ...ack.map((tokenId) => ({ tokenId })),
      ...Object.entries(setErrs).map(([tokenId, error]) => ({
        tokenId,
        refusedBecause: `refused: ${String(error?.err).slice(0, 64)}`,
      })),
    ],
  }
}

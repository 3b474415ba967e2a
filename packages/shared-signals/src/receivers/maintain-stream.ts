import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { StreamEvent } from './receiver-context.ts'
import type { StreamClient, StreamConfiguration, StreamRequest } from './stream-client.ts'

export interface MaintainStreamOptions {
  client: StreamClient
  /** What the stream has to be. `delivery` by push names the receiver's own address. */
  wanted: StreamRequest
  /** Told when the stream is set up, each time: polls start here. */
  onStream?: ((stream: StreamConfiguration) => void) | undefined
  /** Told of each attempt that failed, and why. */
  onProblem?: ((error: Error) => void) | undefined
  /** How often the stream is looked at and verified, in milliseconds, 1,000 to 86,400,000. Default 300,000. */
  checkIntervalMs?: number | undefined
  /** How long a verification event may take, in milliseconds. Default 10,000. */
  verificationTimeoutMs?: number | undefined
}

export interface MaintainedStream {
  /** The stream, once it is set up. */
  readonly stream: StreamConfiguration | undefined
  /** When a verification event came through it last, in milliseconds since the epoch. */
  readonly verifiedAtMs: number | undefined
  /**
   * To be told of what comes by the stream about the stream.
   *
   * @returns false for a verification whose `state` was not asked for here: to be refused.
   */
  onStreamEvent(event: StreamEvent): boolean
  stop(): Promise<void>
}

const firstRetryMs = 500
const slowestRetryMs = 30_000

/**
 * Keeps one event stream at a transmitter as it has to be: creates it, changes it when it differs, enables it, and sees
 * by a verification event that what is sent arrives (SSF 1.0 section 8.1). Goes on by itself after every failure; looks
 * again from time to time, so that a stream that the transmitter lost or paused comes back.
 *
 * @throws {TypeError} A setting is out of bounds.
 */
export function maintainStream(options: MaintainStreamOptions): MaintainedStream {
  const { client, wanted, checkIntervalMs = 300_000, verificationTimeoutMs = 10_000 } = options
  if (!(checkIntervalMs >= 1_000 && checkIntervalMs <= 86_400_000))
    throw new TypeError('"checkIntervalMs" must be 1,000 to 86,400,000')
  const stopping = new AbortController()
  let stream: StreamConfiguration | undefined
  let verifiedAtMs: number | undefined
  let awaited: { state: string; arrived: () => void } | undefined

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        stream = await setUp()
        options.onStream?.(stream)
        await verify(stream.stream_id)
        failures = 0
        await pause(checkIntervalMs)
      } catch (error) {
        if (stopping.signal.aborted) return
        options.onProblem?.(error instanceof Error ? error : new Error(String(error)))
        failures++
        await pause(Math.min(slowestRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 10)))
      }
    }
  }

  /** What was given for the receiver's own door is not given back, so it is always put. */
  async function setUp(): Promise<StreamConfiguration> {
    const [known] = await client.listStreams()
    if (known === undefined) return client.createStream(wanted)
    const kept = await client.replaceStream(known.stream_id, wanted)
    const { status } = await client.readStatus(known.stream_id)
    if (status !== 'enabled') await client.updateStatus(known.stream_id, 'enabled')
    return kept
  }

  async function verify(streamId: string): Promise<void> {
    const state = randomUUID()
    const arrival = new Promise<void>((resolve) => {
      awaited = { state, arrived: resolve }
    })
    await client.verifyStream(streamId, state)
    const late = setTimeout(verificationTimeoutMs, 'late', { signal: stopping.signal, ref: false })
    if ((await Promise.race([arrival, late])) === 'late')
      throw new Error(`no verification event came by the stream within ${verificationTimeoutMs} ms`)
    verifiedAtMs = Date.now()
  }

  async function pause(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
  }

  const running = run()
  return {
    get stream() {
      return stream
    },
    get verifiedAtMs() {
      return verifiedAtMs
    },
    onStreamEvent({ type, state }) {
      if (type !== 'verification') return true
      // One that nobody asked for is the transmitter's own check (SSF 1.0 section 8.1.4).
      if (state === undefined) return true
      const isAwaited = state === awaited?.state
      if (isAwaited) awaited?.arrived()
      return isAwaited
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

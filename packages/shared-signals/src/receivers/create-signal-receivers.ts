import type { Signal } from '../signal.ts'
import { receiveBackchannelLogout } from './backchannel-logout.ts'
import { receiveGlobalTokenRevocation } from './global-token-revocation.ts'
import { deferredAnswer, jsonAnswer, refusalAnswer, type SignalAnswer, type SignalRequest } from './http.ts'
import type { OnStreamEvent, ReceiverContext, SignalOrigin } from './receiver-context.ts'
import { RefusedSignalError, SignalDeferredError } from './refused-signal.ts'
import { createReplayMemory } from './replay-memory.ts'
import { isSameSecret, receivePushedEvent } from './ssf-push.ts'
import type { Transmitter } from './transmitter.ts'
import { createMessageVerifier } from './verify-signed-message.ts'
import { fromWebRequest, toWebResponse } from './web-request.ts'

export interface SignalReceiversOptions {
  /** Where the receivers are, as senders know it: `https://mcp.company.com/signals`. */
  baseUrl: string
  /** Who may send. At least one. */
  transmitters: readonly Transmitter[]
  /**
   * Takes in what was received. What it took in must be kept when it has returned, or resolved: the sender is told so
   * then, or to come again when it failed.
   */
  onSignals: (signals: readonly Signal[], origin: SignalOrigin) => unknown
  /**
   * Told of verification and of changes of a stream. Returning `false` to a verification says that its `state` was not
   * asked for: it is refused with `invalid_state` (SSF 1.0 section 8.1.4.1).
   */
  onStreamEvent?: OnStreamEvent | undefined
  /** Told of every refusal, for log and metrics. */
  onRefused?: ((error: RefusedSignalError, receiver: string) => void) | undefined
  /** Told of what could not be processed and should come again. */
  onDeferred?: ((error: unknown, receiver: string) => void) | undefined
  /** Accepted clock difference, in seconds, 0 to 60. Default 5. */
  clockToleranceSeconds?: number | undefined
  /**
   * Refused messages of one address in ten seconds, beyond which it is not listened to for a while. Default 100. Pushes with
   * the `authorizationHeader` of their stream are listened to always.
   */
  refusalsPerAddress?: number | undefined
  /** Now, in seconds since the epoch. Default: the system clock. */
  clock?: (() => number) | undefined
}

export interface SignalReceivers {
  /** Paths below the base that are served: `ssf`, `backchannel-logout`, `global-token-revocation`. */
  readonly paths: readonly string[]
  /**
   * Answers a web `Request` to one of the receivers; undefined for another path.
   *
   * @param remoteAddress For the limit on refused messages.
   */
  handle(request: Request, remoteAddress?: string): Promise<Response | undefined>
  /** The same without objects of the web, which cost as much as the signal in them. */
  answer(request: SignalRequest): Promise<SignalAnswer | undefined>
}

const windowSeconds = 10
const mostAddresses = 10_000
const mostReplays = 1_000_000

type Receiver = (request: SignalRequest, context: ReceiverContext, endpoint: string) => Promise<SignalAnswer>

const receivers: Readonly<Record<string, { receive: Receiver; form: 'err' | 'error' }>> = {
  ssf: { receive: receivePushedEvent, form: 'err' },
  'backchannel-logout': { receive: receiveBackchannelLogout, form: 'error' },
  'global-token-revocation': { receive: receiveGlobalTokenRevocation, form: 'error' },
}

/**
 * The doors by which others tell that access has ended: SSF push (RFC 8935), OpenID Connect back-channel logout, Global
 * Token Revocation. Framework-free.
 *
 * Whatever is forged, foreign, malformed or received before is refused and has no effect.
 *
 * @throws {TypeError} A setting or a transmitter is wrong.
 */
export function createSignalReceivers(options: SignalReceiversOptions): SignalReceivers {
  const { baseUrl, transmitters, clock = () => Date.now() / 1000, clockToleranceSeconds = 5 } = options
  if (transmitters.length === 0) throw new TypeError('signal receivers need at least one transmitter')
  if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= 60))
    throw new TypeError('"clockToleranceSeconds" must be 0 to 60')
  const replays = createReplayMemory({ clock, maxEntries: mostReplays })
  const context: ReceiverContext = {
    verifier: createMessageVerifier({ transmitters, replays, clock, clockToleranceSeconds }),
    transmitters,
    clock,
    onSignals: options.onSignals,
    onStreamEvent: options.onStreamEvent ?? (() => {}),
  }
  const basePath = new URL(baseUrl).pathname.replace(/\/$/, '')
  const refusals = createRefusalCounter(options.refusalsPerAddress ?? 100, clock)

  const streamSecrets = transmitters.flatMap(({ authorizationHeader }) => authorizationHeader ?? [])

  /** Whoever has the secret of a stream is listened to, also where a flood comes from the same address, as behind a proxy. */
  function bearsStreamSecret(request: SignalRequest): boolean {
    const given = request.header('authorization')
    return streamSecrets.some((secret) => isSameSecret(secret, given))
  }

  async function answer(request: SignalRequest): Promise<SignalAnswer | undefined> {
    const { path, remoteAddress = 'unknown' } = request
    const name = nameOf(path, basePath)
    const receiver = name !== undefined && Object.hasOwn(receivers, name) ? receivers[name] : undefined
    if (receiver === undefined || name === undefined) return undefined
    if (refusals.isTooMany(remoteAddress) && !bearsStreamSecret(request)) return tooMany()
    try {
      return await receiver.receive(request, context, `${baseUrl.replace(/\/$/, '')}/${name}`)
    } catch (error) {
      return answerTo(error, name, receiver.form, remoteAddress)
    }
  }

  function answerTo(error: unknown, name: string, form: 'err' | 'error', remoteAddress: string): SignalAnswer {
    if (error instanceof RefusedSignalError) {
      refusals.count(remoteAddress)
      options.onRefused?.(error, name)
      return refusalAnswer(error, form)
    }
    options.onDeferred?.(error, name)
    return deferredAnswer(error instanceof SignalDeferredError ? error.retryAfterSeconds : 5)
  }

  async function handle(request: Request, remoteAddress?: string): Promise<Response | undefined> {
    const given = await answer(fromWebRequest(request, remoteAddress))
    return given && toWebResponse(given)
  }

  return { paths: Object.keys(receivers).map((name) => `${basePath}/${name}`), handle, answer }
}

function nameOf(path: string, basePath: string): string | undefined {
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length + 1) : undefined
}

function tooMany(): SignalAnswer {
  return jsonAnswer(429, { error: 'too_many_requests' }, { 'retry-after': String(windowSeconds) })
}

/** Counts by address within a window; forgets all of them when there are too many to remember. */
function createRefusalCounter(most: number, clock: () => number) {
  const counts = new Map<string, number>()
  let windowStart = clock()
  const rollOver = (): void => {
    if (clock() - windowStart < windowSeconds && counts.size < mostAddresses) return
    counts.clear()
    windowStart = clock()
  }
  return {
    isTooMany(address: string): boolean {
      rollOver()
      return (counts.get(address) ?? 0) >= most
    },
    count: (address: string): void => void counts.set(address, (counts.get(address) ?? 0) + 1),
  }
}

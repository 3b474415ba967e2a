import type { Signal } from '../signal.ts'
import type { Transmitter } from './transmitter.ts'
import type { MessageVerifier } from './verify-signed-message.ts'

/** From whom and by which door signals came. */
export interface SignalOrigin {
  receiver: 'backchannel_logout' | 'ssf_push' | 'ssf_poll' | 'global_token_revocation'
  /** Issuer of the transmitter. */
  transmitter: string
}

/** What every receiver works with. */
export interface ReceiverContext {
  verifier: MessageVerifier
  transmitters: readonly Transmitter[]
  /** Seconds since the epoch. */
  clock: () => number
  onSignals: (signals: readonly Signal[], origin: SignalOrigin) => unknown
  onStreamEvent: OnStreamEvent
}

/** Told of what a transmitter says about a stream. `false`: the `state` of a verification is not one that was asked for. */
export type OnStreamEvent = (event: StreamEvent) => unknown

/** What a transmitter says about the stream itself (SSF 1.0 sections 8.1.4 and 8.1.5). */
export interface StreamEvent {
  transmitter: string
  /** The stream that it is about, as its subject says. */
  streamId?: string | undefined
  type: 'verification' | 'stream_updated'
  /** `state` of a verification, as it was asked for. */
  state?: string | undefined
  /** `status` of an update: enabled, paused or disabled. */
  status?: string | undefined
  /** Why, in the transmitter's words. */
  reason?: string | undefined
}

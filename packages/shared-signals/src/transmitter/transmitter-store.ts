import type { StreamConfiguration, StreamStatus } from '../receivers/stream-client.ts'

/** A stream as the transmitter keeps it. */
export interface Stream {
  streamId: string
  /** Name of the receiver whose it is. */
  receiver: string
  delivery: StreamConfiguration['delivery']
  eventsRequested: string[] | undefined
  description: string | undefined
  status: StreamStatus['status']
  reason: string | undefined
  /** Milliseconds since the epoch. */
  verifiedAtMs: number | undefined
}

/** A Security Event Token that is to be delivered. It is signed when it goes out, by the key of then. */
export interface OutgoingEvent {
  id: number
  streamId: string
  tokenId: string
  /** The claims, as JSON. */
  claims: string
  attempts: number
  /** Milliseconds since the epoch. */
  nextAttemptAtMs: number
}

/** A SET that is not to be delivered any more. */
export interface FinishedEvent {
  tokenId: string
  /** Why it was refused; undefined: it was taken. */
  refusedBecause?: string | undefined
}

/**
 * What a transmitter has to remember: streams, subjects and the SETs that are not delivered yet. Every method is
 * synchronous, so that an event can be one transaction with what caused it.
 */
export interface TransmitterStore {
  streams(receiver?: string): Stream[]
  findStream(streamId: string): Stream | undefined
  saveStream(stream: Stream): void
  /** Deletes a stream with its subjects and whatever was not delivered. */
  deleteStream(streamId: string): void
  /** @param subject In canonical form. */
  saveSubject(streamId: string, subject: string, isIncluded: boolean): void
  subjects(streamId: string): { subject: string; isIncluded: boolean }[]
  addEvent(event: Omit<OutgoingEvent, 'id' | 'attempts'> & { createdAtMs: number }): void
  /** Not delivered yet, oldest first. */
  pendingEvents(streamId: string, limit: number): OutgoingEvent[]
  countPending(streamId?: string): number
  /** They were taken, or refused for good, which is one write for all. A refused one is kept with its reason for thirty days. */
  finishEvents(streamId: string, finished: readonly FinishedEvent[]): void
  retryEvent(id: number, remark: string, nextAttemptAtMs: number): void
  /** Drops what is not delivered, as the status `disabled` asks for. */
  dropPending(streamId: string): void
}

import { randomUUID } from 'node:crypto'
import { importJWK, type JWK, SignJWT } from 'jose'
import { requireSafeAddress } from '../loopback.ts'
import { metadataAddress } from '../receivers/stream-client.ts'
import { eventTypes } from './event-types.ts'
import { createManagementApi } from './management-api.ts'
import { createPollDelivery } from './poll-delivery.ts'
import { createPushDelivery, type PushFailure } from './push-delivery.ts'
import type { StreamReceiver } from './stream-receiver.ts'
import { subjectsMatch } from './subject-matching.ts'
import type { OutgoingEvent, Stream, TransmitterStore } from './transmitter-store.ts'

/** What happened, to whom. */
export interface SecurityEvent {
  /** URI of the event type, see {@link eventTypes}. */
  type: string
  /** Subject identifier (RFC 9493): `{ format: 'iss_sub', iss, sub }`. */
  subject: Readonly<Record<string, unknown>>
  /** Members of the event. `event_timestamp` is put in where it is missing. */
  event?: Readonly<Record<string, unknown>>
  /** The same for all SETs of one cause (RFC 8417 section 2.2). Default: one of its own. */
  transaction?: string
}

export interface TransmitterOptions {
  /** `iss` of the SETs. https except for loopback. */
  issuer: string
  /** Where the public keys are. */
  jwksUri: string
  /** Private key that signs SETs, with `kid` and `alg`; asked for each SET, so that keys can rotate. */
  signingKey: () => JWK
  store: TransmitterStore
  /**
   * Says who asks for the management API or polls, by the credentials of the request; undefined: nobody who is known,
   * which answers 401. The credentials are the application's: an access token with `ssf.read` or `ssf.manage`.
   */
  authenticate: (request: Request) => Promise<StreamReceiver | undefined>
  /** `aud` of a receiver's SETs, by its name, for SETs that go out when it does not ask. */
  audienceOf: (receiver: string) => string | readonly string[] | undefined
  /** Event types that receivers can ask for. At least one. */
  eventsSupported: readonly string[]
  /**
   * Whether a receiver may have its SETs pushed to this address, which is https or on this machine. Best to answer yes to
   * one address for each receiver: whoever chooses where a server sends requests can reach what the server can reach.
   */
  mayPushTo: (endpointUrl: string, receiver: StreamReceiver) => boolean
  /** Path of the endpoints at the issuer. Default `/ssf`. */
  path?: string | undefined
  /** Shortest time between two verification requests for one stream, in seconds. Default 1. */
  minVerificationIntervalSeconds?: number | undefined
  /** Longest that a long poll waits, in milliseconds. Default 30,000. */
  longestPollMs?: number | undefined
  /** Most SETs that wait for one stream; the stream is then disabled and what waits is dropped. Default 100,000. */
  mostPending?: number | undefined
  /** Told of each attempt to push that failed, for the log. */
  onPushFailed?: ((failure: PushFailure) => void) | undefined
  /** Milliseconds since the epoch. Default: the system clock. */
  clock?: (() => number) | undefined
  fetch?: typeof fetch | undefined
}

export interface SignalTransmitter {
  /** Answers a request for the transmitter's metadata and endpoints; undefined for another path. */
  handle(request: Request): Promise<Response | undefined>
  /**
   * Puts an event into the outbox of every stream that has its type and its subject. Synchronous, so that it can be part
   * of a transaction; call {@link SignalTransmitter.kick} once that is committed.
   *
   * @returns How many streams it goes to.
   */
  emit(event: SecurityEvent): number
  /** Sends what waits: pushes, and the answers to long polls. */
  kick(): void
  /** Pauses, disables or enables a stream from this side; its receiver is told by a stream-updated event. */
  setStatus(streamId: string, status: Stream['status'], reason?: string): void
  /** SETs that are not delivered yet. */
  countPending(): number
  /** Resolves when no push is under way; what waits for its next attempt does not count. */
  idle(): Promise<void>
  /** Ends long polls, lets pushes under way end, starts no new ones. */
  stop(): Promise<void>
}

/**
 * Transmits security events (SSF 1.0): metadata, management of streams, delivery by push (RFC 8935) and by poll
 * (RFC 8936), verification. Framework-free: takes a web `Request`, returns a `Response`.
 *
 * SETs are kept until they are acknowledged, and go out oldest first: a push does not wait for the answer to the one before,
 * so receivers go by the time of the event. One stream a receiver.
 *
 * @throws {TypeError} A setting is wrong.
 */
export function createSignalTransmitter(options: TransmitterOptions): SignalTransmitter {
  const { store, clock = Date.now, mostPending = 100_000 } = options
  const issuer = requireSafeAddress('issuer', options.issuer)
  const path = options.path ?? '/ssf'
  if (options.eventsSupported.length === 0) throw new TypeError('"eventsSupported" must name an event type')
  const deliveredTo = (stream: Stream): string[] =>
    options.eventsSupported.filter((type) => stream.eventsRequested?.includes(type) ?? true)

  async function sign({ claims }: OutgoingEvent): Promise<string> {
    const key = options.signingKey()
    const { alg = 'RS256', kid } = key
    const header = { alg, typ: 'secevent+jwt', ...(kid === undefined ? {} : { kid }) }
    return new SignJWT(JSON.parse(claims)).setProtectedHeader(header).sign(await importJWK(key, alg))
  }

  function enqueue(stream: Stream, { type, subject, event = {}, transaction }: SecurityEvent): void {
    const nowMs = clock()
    const tokenId = randomUUID()
    const claims = {
      iss: issuer,
      aud: options.audienceOf(stream.receiver),
      iat: Math.floor(nowMs / 1000),
      jti: tokenId,
      txn: transaction ?? randomUUID(),
      sub_id: subject,
      events: { [type]: event },
    }
    if (claims.aud === undefined) return
    const { streamId } = stream
    store.addEvent({ streamId, tokenId, claims: JSON.stringify(claims), createdAtMs: nowMs, nextAttemptAtMs: nowMs })
  }

  function wants(stream: Stream, { type, subject }: SecurityEvent): boolean {
    if (stream.status === 'disabled' || !deliveredTo(stream).includes(type)) return false
    // Every subject is in a stream until it is taken out (`default_subjects: ALL`).
    const found = store.subjects(stream.streamId).filter((each) => subjectsMatch(JSON.parse(each.subject), subject))
    return !found.some(({ isIncluded }) => !isIncluded) || found.some(({ isIncluded }) => isIncluded)
  }

  function emit(event: SecurityEvent): number {
    const dated = { event_timestamp: Math.floor(clock() / 1000), ...event.event }
    const streams = store.streams().filter((stream) => wants(stream, event))
    const transaction = event.transaction ?? randomUUID()
    for (const stream of streams) {
      enqueue(stream, { ...event, event: dated, transaction })
      if (store.countPending(stream.streamId) > mostPending)
        setStatus(stream.streamId, 'disabled', 'too much is waiting')
    }
    return streams.length
  }

  /** About a stream itself: goes out whatever was asked for (SSF 1.0 sections 8.1.4.1 and 8.1.5). */
  function tell(stream: Stream, type: string, event: Record<string, unknown>): void {
    enqueue(stream, { type, subject: { format: 'opaque', id: stream.streamId }, event })
  }

  function setStatus(streamId: string, status: Stream['status'], reason?: string): void {
    const stream = store.findStream(streamId)
    if (stream === undefined || stream.status === status) return
    if (status === 'disabled') store.dropPending(streamId)
    // The receiver hears of it before the stream stops; push and poll let this one event through.
    tell(stream, eventTypes.streamUpdated, { status, ...(reason === undefined ? {} : { reason }) })
    store.saveStream({ ...stream, status, reason })
    // Not within a transaction that this may be part of.
    queueMicrotask(kick)
  }

  const push = createPushDelivery({ ...options, sign, clock })
  const poll = createPollDelivery({ ...options, sign, longestPollMs: options.longestPollMs ?? 30_000 })
  const management = createManagementApi({
    ...options,
    issuer,
    path,
    clock,
    minVerificationIntervalSeconds: options.minVerificationIntervalSeconds ?? 1,
    deliveredTo,
    verify: (stream, state) => tell(stream, eventTypes.verification, state === undefined ? {} : { state }),
    onChanged: () => kick(),
  })

  function kick(): void {
    push.kick()
    poll.kick()
  }

  const metadata = new URL(metadataAddress(issuer)).pathname
  const base = new URL(issuer).pathname.replace(/\/$/, '') + path

  async function handle(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url)
    if (pathname === metadata) return management.metadata(request)
    if (!pathname.startsWith(`${base}/`)) return undefined
    const receiver = await options.authenticate(request)
    if (receiver === undefined) return unauthorized()
    const endpoint = pathname.slice(base.length + 1)
    return endpoint.startsWith('poll/')
      ? poll.handle(request, receiver, endpoint.slice('poll/'.length))
      : management.handle(request, receiver, endpoint)
  }

  return {
    handle,
    emit,
    kick,
    setStatus,
    countPending: () => store.countPending(),
    idle: push.idle,
    async stop() {
      poll.stop()
      await push.stop()
    },
  }
}

function unauthorized(): Response {
  const headers = { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' }
  return Response.json({ error: 'invalid_token' }, { status: 401, headers })
}

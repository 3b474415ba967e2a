import { randomUUID } from 'node:crypto'
import { isSafeAddress } from '../loopback.ts'
import type {
  StreamConfiguration,
  StreamDelivery,
  StreamStatus,
  TransmitterConfiguration,
} from '../receivers/stream-client.ts'
import { answer, empty, notFound, readRequest, refuse } from './messages.ts'
import type { StreamReceiver } from './stream-receiver.ts'
import { canonicalSubject } from './subject-matching.ts'
import type { Stream, TransmitterStore } from './transmitter-store.ts'

export interface ManagementApiOptions {
  issuer: string
  jwksUri: string
  /** Path of the endpoints at the issuer. */
  path: string
  store: TransmitterStore
  eventsSupported: readonly string[]
  minVerificationIntervalSeconds: number
  mayPushTo(endpointUrl: string, receiver: StreamReceiver): boolean
  /** `events_delivered` of a stream. */
  deliveredTo(stream: Stream): string[]
  /** Puts a verification event into the stream. */
  verify(stream: Stream, state: string | undefined): void
  /** Something may have to be sent. */
  onChanged(): void
  /** Milliseconds since the epoch. */
  clock: () => number
}

const poll = 'urn:ietf:rfc:8936'
const push = 'urn:ietf:rfc:8935'
const mostSubjects = 10_000
const statuses: readonly unknown[] = ['enabled', 'paused', 'disabled']

/** Metadata and management of streams (SSF 1.0 sections 7 and 8). A receiver sees and changes its own stream only. */
export function createManagementApi(options: ManagementApiOptions) {
  const { issuer, path, store, clock } = options
  const base = issuer.replace(/\/$/, '') + path

  const describe = (stream: Stream, { audience }: StreamReceiver): StreamConfiguration => ({
    stream_id: stream.streamId,
    iss: issuer,
    aud: typeof audience === 'string' ? audience : [...audience],
    delivery: withoutSecret(stream.delivery),
    events_supported: [...options.eventsSupported],
    ...(stream.eventsRequested === undefined ? {} : { events_requested: stream.eventsRequested }),
    events_delivered: options.deliveredTo(stream),
    min_verification_interval: options.minVerificationIntervalSeconds,
    ...(stream.description === undefined ? {} : { description: stream.description }),
  })

  const configuration: TransmitterConfiguration = {
    spec_version: '1_0',
    issuer,
    jwks_uri: options.jwksUri,
    delivery_methods_supported: [push, poll],
    configuration_endpoint: `${base}/streams`,
    status_endpoint: `${base}/status`,
    add_subject_endpoint: `${base}/subjects:add`,
    remove_subject_endpoint: `${base}/subjects:remove`,
    verification_endpoint: `${base}/verify`,
    authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
    default_subjects: 'ALL',
  }

  function metadata(request: Request): Response {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'expected GET')
    return Response.json(configuration, { headers: { 'cache-control': 'max-age=300' } })
  }

  async function handle(request: Request, receiver: StreamReceiver, endpoint: string): Promise<Response> {
    const operation = operations[`${request.method} ${endpoint}`]
    if (operation === undefined)
      return Object.keys(operations).some((key) => key.endsWith(` ${endpoint}`))
        ? refuse(405, 'another method is expected')
        : notFound()
    if (request.method !== 'GET' && !receiver.mayManage) return refuse(403, 'ssf.manage is needed')
    const response = await operation(request, receiver)
    options.onChanged()
    return response
  }

  type Operation = (request: Request, receiver: StreamReceiver) => Promise<Response> | Response

  /** Reads the body and finds the receiver's stream that it names. */
  const onStream =
    (act: (stream: Stream, body: Record<string, unknown>, receiver: StreamReceiver) => Response): Operation =>
    async (request, receiver) => {
      const body = await readRequest(request)
      if (typeof body?.stream_id !== 'string') return refuse(400, 'expected JSON with "stream_id"')
      const stream = ownStream(body.stream_id, receiver)
      return stream === undefined ? notFound() : act(stream, body, receiver)
    }

  /** Finds the receiver's stream that the query names. */
  const onQueriedStream =
    (act: (stream: Stream, receiver: StreamReceiver) => Response): Operation =>
    (request, receiver) => {
      const stream = ownStream(new URL(request.url).searchParams.get('stream_id') ?? '', receiver)
      return stream === undefined ? notFound() : act(stream, receiver)
    }

  function ownStream(streamId: string, receiver: StreamReceiver): Stream | undefined {
    const stream = store.findStream(streamId)
    return stream?.receiver === receiver.name ? stream : undefined
  }

  const operations: Readonly<Record<string, Operation>> = {
    'POST streams': create,
    'GET streams': (request, receiver) =>
      new URL(request.url).searchParams.has('stream_id')
        ? onQueriedStream((stream) => answer(200, describe(stream, receiver)))(request, receiver)
        : answer(
            200,
            store.streams(receiver.name).map((stream) => describe(stream, receiver)),
          ),
    'PATCH streams': onStream((stream, body, receiver) => change(stream, body, receiver, 'patch')),
    'PUT streams': onStream((stream, body, receiver) => change(stream, body, receiver, 'replace')),
    'DELETE streams': onQueriedStream((stream) => {
      store.deleteStream(stream.streamId)
      return empty(204)
    }),
    'GET status': onQueriedStream((stream) => answer(200, statusOf(stream))),
    'POST status': onStream(updateStatus),
    'POST subjects:add': onStream((stream, body) => saveSubject(stream, body, true)),
    'POST subjects:remove': onStream((stream, body) => saveSubject(stream, body, false)),
    'POST verify': onStream(requestVerification),
  }

  async function create(request: Request, receiver: StreamReceiver): Promise<Response> {
    const body = await readRequest(request)
    if (body === undefined) return refuse(400, 'expected JSON')
    if (store.streams(receiver.name).length > 0) return refuse(409, 'this receiver has a stream')
    const streamId = randomUUID()
    const wanted = readReceiverSupplied(body, streamId, receiver)
    if (typeof wanted === 'string') return refuse(400, wanted)
    const stream: Stream = {
      streamId,
      receiver: receiver.name,
      delivery: wanted.delivery ?? pollDelivery(streamId),
      eventsRequested: wanted.eventsRequested,
      description: wanted.description,
      status: 'enabled',
      reason: undefined,
      verifiedAtMs: undefined,
    }
    store.saveStream(stream)
    return answer(201, describe(stream, receiver))
  }

  /** A member of the transmitter's that is sent along has to be right (SSF 1.0 section 8.1.1.3). */
  function change(
    stream: Stream,
    body: Record<string, unknown>,
    receiver: StreamReceiver,
    mode: 'patch' | 'replace',
  ): Response {
    const { delivery: _, events_requested: __, description: ___, ...theirs } = body
    const known: Record<string, unknown> = { ...describe(stream, receiver) }
    const wrong = Object.keys(theirs).find(
      (name) => transmitterSupplied.includes(name) && JSON.stringify(theirs[name]) !== JSON.stringify(known[name]),
    )
    if (wrong !== undefined) return refuse(400, `"${wrong}" is the transmitter's to decide`)
    const wanted = readReceiverSupplied(body, stream.streamId, receiver)
    if (typeof wanted === 'string') return refuse(400, wanted)
    const kept = mode === 'patch' ? stream : { ...stream, eventsRequested: undefined, description: undefined }
    const changed: Stream = {
      ...kept,
      delivery: wanted.delivery ?? (mode === 'patch' ? stream.delivery : pollDelivery(stream.streamId)),
      eventsRequested: wanted.eventsRequested ?? kept.eventsRequested,
      description: wanted.description ?? kept.description,
    }
    store.saveStream(changed)
    return answer(200, describe(changed, receiver))
  }

  /** What the receiver decides, or what is wrong with it. */
  function readReceiverSupplied(
    { delivery, events_requested: events, description }: Record<string, unknown>,
    streamId: string,
    receiver: StreamReceiver,
  ) {
    const read = delivery === undefined ? undefined : readDelivery(delivery, streamId, receiver)
    if (typeof read === 'string') return read
    if (events !== undefined && !isListOfTexts(events)) return '"events_requested" must be a list of event types'
    if (description !== undefined && typeof description !== 'string') return '"description" must be a text'
    return { delivery: read, eventsRequested: events, description: description?.slice(0, 500) }
  }

  function readDelivery(given: unknown, streamId: string, receiver: StreamReceiver): StreamDelivery | string {
    const { method, endpoint_url: url, authorization_header: header } = (given ?? {}) as Record<string, unknown>
    if (method === poll) return pollDelivery(streamId)
    if (method !== push) return `"delivery" must have method ${push} or ${poll}`
    if (typeof url !== 'string' || !isSafeAddress(url) || !options.mayPushTo(url, receiver))
      return '"endpoint_url" is not an address that this receiver may be pushed to'
    if (header === undefined) return { method: push, endpoint_url: url }
    if (typeof header !== 'string' || !/^[\x20-\x7e]{1,2000}$/.test(header))
      return '"authorization_header" must be a text'
    return { method: push, endpoint_url: url, authorization_header: header }
  }

  function pollDelivery(streamId: string): StreamDelivery {
    return { method: poll, endpoint_url: `${base}/poll/${streamId}` }
  }

  function updateStatus(stream: Stream, { status, reason }: Record<string, unknown>): Response {
    if (!statuses.includes(status)) return refuse(400, '"status" must be enabled, paused or disabled')
    if (reason !== undefined && typeof reason !== 'string') return refuse(400, '"reason" must be a text')
    const changed = { ...stream, status: status as Stream['status'], reason: reason?.slice(0, 500) }
    store.saveStream(changed)
    if (changed.status === 'disabled') store.dropPending(stream.streamId)
    return answer(200, statusOf(changed))
  }

  function saveSubject({ streamId }: Stream, { subject }: Record<string, unknown>, isIncluded: boolean): Response {
    if (!isIdentifier(subject)) return refuse(400, '"subject" must be a subject identifier')
    if (store.subjects(streamId).length >= mostSubjects) return refuse(429, 'too many subjects')
    store.saveSubject(streamId, canonicalSubject(subject), isIncluded)
    return empty(isIncluded ? 200 : 204)
  }

  function requestVerification(stream: Stream, { state }: Record<string, unknown>): Response {
    if (state !== undefined && (typeof state !== 'string' || state.length > 2_000))
      return refuse(400, '"state" must be a text')
    const sinceMs = clock() - (stream.verifiedAtMs ?? Number.NEGATIVE_INFINITY)
    if (sinceMs < options.minVerificationIntervalSeconds * 1000) return refuse(429, 'too soon after the last one')
    store.saveStream({ ...stream, verifiedAtMs: clock() })
    options.verify(stream, state)
    return empty(204)
  }

  return { metadata, handle }
}

const transmitterSupplied = ['iss', 'aud', 'events_supported', 'events_delivered', 'min_verification_interval']

function statusOf({ streamId, status, reason }: Stream): StreamStatus {
  return { stream_id: streamId, status, ...(reason === undefined ? {} : { reason }) }
}

/** What the receiver gave for its own door is not given out again. */
function withoutSecret(delivery: StreamDelivery): StreamDelivery {
  return delivery.method === push ? { method: push, endpoint_url: delivery.endpoint_url } : delivery
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= 100 && value.every((each) => typeof each === 'string')
}

function isIdentifier(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'format' in value && typeof value.format === 'string'
}

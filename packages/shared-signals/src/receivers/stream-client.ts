import { requireSafeAddress } from '../loopback.ts'

/** Metadata of a transmitter (SSF 1.0 section 7.1), as far as it is used here. */
export interface TransmitterConfiguration {
  issuer: string
  spec_version?: string
  jwks_uri?: string
  delivery_methods_supported?: string[]
  configuration_endpoint?: string
  status_endpoint?: string
  add_subject_endpoint?: string
  remove_subject_endpoint?: string
  verification_endpoint?: string
  critical_subject_members?: string[]
  authorization_schemes?: { spec_urn: string }[]
  default_subjects?: 'ALL' | 'NONE'
}

/** How the SETs of a stream get to the receiver (SSF 1.0 section 6.1). */
export type StreamDelivery =
  | { method: 'urn:ietf:rfc:8935'; endpoint_url: string; authorization_header?: string }
  | { method: 'urn:ietf:rfc:8936'; endpoint_url?: string }

/** Configuration of a stream (SSF 1.0 section 8.1.1). */
export interface StreamConfiguration {
  stream_id: string
  iss: string
  aud: string | string[]
  delivery: StreamDelivery
  events_supported?: string[]
  events_requested?: string[]
  events_delivered: string[]
  min_verification_interval?: number
  inactivity_timeout?: number
  description?: string
}

/** What the receiver decides about a stream. */
export interface StreamRequest {
  delivery?: StreamDelivery
  events_requested?: string[]
  description?: string
}

/** Status of a stream (SSF 1.0 section 8.1.2). */
export interface StreamStatus {
  stream_id: string
  status: 'enabled' | 'paused' | 'disabled'
  reason?: string
}

export interface StreamClientOptions {
  /** Issuer of the transmitter, exactly. https except for loopback. */
  issuer: string
  /** Gives the value of the `Authorization` header of management requests, before each of them. */
  authorization: () => string | Promise<string>
  /** `aud` that streams must have, so that their SETs are accepted here. Default: not checked. */
  audience?: string | undefined
  /** Limit for one request. Default 5,000. */
  requestTimeoutMs?: number | undefined
  fetch?: typeof fetch | undefined
}

/** The receiver's side of a transmitter's stream management API. Each call is one request, after the metadata was read once. */
export interface StreamClient {
  /** The transmitter's metadata, read once and again after a failure (SSF 1.0 section 7.2). */
  configuration(): Promise<TransmitterConfiguration>
  createStream(request: StreamRequest): Promise<StreamConfiguration>
  readStream(streamId: string): Promise<StreamConfiguration>
  /** All streams of this receiver. */
  listStreams(): Promise<StreamConfiguration[]>
  /** Changes what is given (PATCH). */
  updateStream(streamId: string, change: StreamRequest): Promise<StreamConfiguration>
  /** Puts what is given in place of everything that the receiver decides (PUT). */
  replaceStream(streamId: string, request: StreamRequest): Promise<StreamConfiguration>
  deleteStream(streamId: string): Promise<void>
  readStatus(streamId: string): Promise<StreamStatus>
  updateStatus(streamId: string, status: StreamStatus['status'], reason?: string): Promise<StreamStatus>
  /** @param subject A subject identifier (RFC 9493). */
  addSubject(streamId: string, subject: object, isVerified?: boolean): Promise<void>
  removeSubject(streamId: string, subject: object): Promise<void>
  /** Asks for a verification event, which comes by the stream with this `state`. */
  verifyStream(streamId: string, state?: string): Promise<void>
}

/** A transmitter did not do what was asked. */
export class StreamManagementError extends Error {
  /** HTTP status of the answer; undefined when it was a success that is not acceptable. */
  readonly status: number | undefined
  constructor(message: string, status?: number) {
    super(message)
    this.name = 'StreamManagementError'
    this.status = status
  }
}

/**
 * Sets up and manages event streams at a transmitter (SSF 1.0 sections 7 and 8).
 *
 * Every answer is checked: the metadata and each stream must name the issuer that was asked, every address must be https
 * or on this machine.
 *
 * @throws {TypeError} The issuer is no https address.
 */
export function createStreamClient(options: StreamClientOptions): StreamClient {
  const { issuer, authorization, audience, requestTimeoutMs = 5_000, fetch: send = fetch } = options
  requireSafeAddress('issuer', issuer)
  let known: Promise<TransmitterConfiguration> | undefined

  function configuration(): Promise<TransmitterConfiguration> {
    known ??= discover().catch((error) => {
      known = undefined
      throw error
    })
    return known
  }

  async function discover(): Promise<TransmitterConfiguration> {
    const response = await send(metadataAddress(issuer), {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    return readConfiguration(await readJson('metadata', response), issuer)
  }

  async function request(name: EndpointName, method: string, { query = {}, body }: Content): Promise<unknown> {
    const endpoint = (await configuration())[name]
    if (endpoint === undefined) throw new StreamManagementError(`the transmitter has no ${name}`)
    const url = new URL(endpoint)
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
    const response = await send(url, {
      method,
      headers: {
        accept: 'application/json',
        authorization: await authorization(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    return readJson(`${method} ${name}`, response)
  }

  const stream = async (method: string, content: Content): Promise<StreamConfiguration> =>
    readStreamConfiguration(await request('configuration_endpoint', method, content), issuer, audience)

  return {
    configuration,
    createStream: (body) => stream('POST', { body }),
    readStream: (stream_id) => stream('GET', { query: { stream_id } }),
    async listStreams() {
      const found = await request('configuration_endpoint', 'GET', {})
      const streams = Array.isArray(found) ? found : [found]
      return streams.map((each) => readStreamConfiguration(each, issuer, audience))
    },
    updateStream: (stream_id, change) => stream('PATCH', { body: { stream_id, ...change } }),
    replaceStream: (stream_id, wanted) => stream('PUT', { body: { stream_id, ...wanted } }),
    deleteStream: async (stream_id) =>
      void (await request('configuration_endpoint', 'DELETE', { query: { stream_id } })),
    readStatus: async (stream_id) =>
      readStreamStatus(await request('status_endpoint', 'GET', { query: { stream_id } }), stream_id),
    async updateStatus(stream_id, status, reason) {
      const body = { stream_id, status, ...(reason === undefined ? {} : { reason }) }
      return readStreamStatus(await request('status_endpoint', 'POST', { body }), stream_id)
    },
    addSubject: async (stream_id, subject, verified) => {
      const body = { stream_id, subject, ...(verified === undefined ? {} : { verified }) }
      await request('add_subject_endpoint', 'POST', { body })
    },
    removeSubject: async (stream_id, subject) =>
      void (await request('remove_subject_endpoint', 'POST', { body: { stream_id, subject } })),
    verifyStream: async (stream_id, state) => {
      const body = { stream_id, ...(state === undefined ? {} : { state }) }
      await request('verification_endpoint', 'POST', { body })
    },
  }
}

const endpointNames = [
  'configuration_endpoint',
  'status_endpoint',
  'add_subject_endpoint',
  'remove_subject_endpoint',
  'verification_endpoint',
] as const
type EndpointName = (typeof endpointNames)[number]

interface Content {
  query?: Record<string, string>
  body?: object
}

/** Well-known path between host and path of the issuer (SSF 1.0 section 7.2.1). */
export function metadataAddress(issuer: string): string {
  const { origin, pathname } = new URL(issuer)
  return `${origin}/.well-known/ssf-configuration${pathname.replace(/\/$/, '')}`
}

async function readJson(what: string, response: Response): Promise<unknown> {
  const text = await response.text()
  if (!response.ok)
    throw new StreamManagementError(`${what}: the transmitter answered ${response.status}`, response.status)
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new StreamManagementError(`${what}: the transmitter answered no JSON`)
  }
}

function readConfiguration(found: unknown, issuer: string): TransmitterConfiguration {
  if (!isObject(found) || found.issuer !== issuer)
    throw new StreamManagementError(`the metadata must name the issuer ${issuer}`)
  for (const name of [...endpointNames, 'jwks_uri'] as const) {
    const address = found[name]
    if (address === undefined) continue
    if (typeof address !== 'string') throw new StreamManagementError(`${name} of the transmitter must be a text`)
    requireSafeAddress(`${name} of the transmitter`, address)
  }
  return found as unknown as TransmitterConfiguration
}

function readStreamConfiguration(found: unknown, issuer: string, audience: string | undefined): StreamConfiguration {
  if (!isObject(found) || typeof found.stream_id !== 'string' || !isObject(found.delivery))
    throw new StreamManagementError('the transmitter answered no stream')
  if (found.iss !== issuer) throw new StreamManagementError(`"iss" of the stream must be ${issuer}`)
  const audiences: unknown[] = [found.aud].flat()
  if (audience !== undefined && !audiences.includes(audience))
    throw new StreamManagementError(`"aud" of the stream must name ${audience}`)
  return found as unknown as StreamConfiguration
}

function readStreamStatus(found: unknown, streamId: string): StreamStatus {
  if (isObject(found) && found.stream_id === streamId && typeof found.status === 'string')
    return found as unknown as StreamStatus
  throw new StreamManagementError('the transmitter answered no status')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

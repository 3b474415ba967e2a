import { beforeEach, describe, expect, it } from 'vitest'
import {
  createStreamClient,
  type StreamClientOptions,
  StreamManagementError,
} from '../../src/receivers/stream-client.ts'

/** The metadata that SSF 1.0 section 7.2.4 prints. */
const metadata = {
  spec_version: '1_0',
  issuer: 'https://tr.example.com',
  jwks_uri: 'https://tr.example.com/jwks.json',
  delivery_methods_supported: ['urn:ietf:rfc:8935', 'urn:ietf:rfc:8936'],
  configuration_endpoint: 'https://tr.example.com/ssf/mgmt/stream',
  status_endpoint: 'https://tr.example.com/ssf/mgmt/status',
  add_subject_endpoint: 'https://tr.example.com/ssf/mgmt/subject:add',
  remove_subject_endpoint: 'https://tr.example.com/ssf/mgmt/subject:remove',
  verification_endpoint: 'https://tr.example.com/ssf/mgmt/verification',
  critical_subject_members: ['tenant', 'user'],
  authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }, { spec_urn: 'urn:ietf:rfc:8705' }],
  default_subjects: 'NONE',
}
/** The stream that section 8.1.1.1 prints. */
const stream = {
  stream_id: 'f67e39a0a4d34d56b3aa1bc4cff0069f',
  iss: 'https://tr.example.com',
  aud: ['https://receiver.example.com/web', 'https://receiver.example.com/mobile'],
  delivery: { method: 'urn:ietf:rfc:8935', endpoint_url: 'https://receiver.example.com/events' },
  events_supported: ['urn:example:secevent:events:type_1', 'urn:example:secevent:events:type_2'],
  events_requested: ['urn:example:secevent:events:type_2', 'urn:example:secevent:events:type_3'],
  events_delivered: ['urn:example:secevent:events:type_2'],
  description: 'Stream for Receiver A using events type_2, type_3, type_4',
}
const { stream_id: id } = stream

let answers: Response[] = []
let asked: { method: string; url: string; body: unknown; authorization: string | null }[] = []

function client(options: Partial<StreamClientOptions> = {}, document: object = metadata) {
  return createStreamClient({
    issuer: 'https://tr.example.com',
    authorization: () => 'Bearer eyJ0b2tlbiI6ImV4YW1wbGUifQo=',
    fetch: async (input, init = {}) => {
      const url = String(input)
      if (url.includes('/.well-known/')) {
        asked.push({ method: 'GET', url, body: undefined, authorization: null })
        return Response.json(document)
      }
      const headers = new Headers(init.headers)
      const body = init.body === undefined ? undefined : JSON.parse(String(init.body))
      asked.push({ method: init.method ?? 'GET', url, body, authorization: headers.get('authorization') })
      return answers.shift() ?? new Response(null, { status: 500 })
    },
    ...options,
  })
}

const lastAsked = () => asked.at(-1)

beforeEach(() => {
  answers = []
  asked = []
})

describe('the metadata', () => {
  it('is read once, where the specification puts it', async () => {
    const { configuration } = client()
    expect(await configuration()).toEqual(metadata)
    await configuration()
    expect(asked.map(({ url }) => url)).toEqual(['https://tr.example.com/.well-known/ssf-configuration'])
  })

  it.each(['https://tr.example.com/issuer1', 'https://tr.example.com/issuer1/'])(
    'of %s stands between host and path',
    async (issuer) => {
      await client({ issuer }, { ...metadata, issuer }).configuration()
      expect(lastAsked()?.url).toBe('https://tr.example.com/.well-known/ssf-configuration/issuer1')
    },
  )

  it.each([
    ['of another issuer', { ...metadata, issuer: 'https://evil.example' }],
    ['without an issuer', {}],
    ['with an endpoint over http', { ...metadata, status_endpoint: 'http://tr.example.com/status' }],
    ['with keys over http', { ...metadata, jwks_uri: 'http://tr.example.com/jwks' }],
  ])('is refused: %s', async (_title, document) => {
    await expect(client({}, document).configuration()).rejects.toThrow()
  })

  it('is asked for again after a failure', async () => {
    let isDown = true
    const { configuration } = client({
      fetch: async () => (isDown ? new Response(null, { status: 503 }) : Response.json(metadata)),
    })
    await expect(configuration()).rejects.toThrow('503')
    isDown = false
    expect(await configuration()).toEqual(metadata)
  })

  it('of an issuer over http is not asked for', () => {
    expect(() => client({ issuer: 'http://tr.example.com' })).toThrow(TypeError)
  })
})

describe('each operation is the request that the specification prints', () => {
  const url = (name: string, query = '') => `https://tr.example.com/ssf/mgmt/${name}${query}`
  const authorization = 'Bearer eyJ0b2tlbiI6ImV4YW1wbGUifQo='
  const { delivery, events_requested, description } = stream
  const wanted = { delivery: { ...delivery, method: 'urn:ietf:rfc:8935' as const }, events_requested, description }
  const subject = { format: 'email', email: 'example.user@example.com' }

  it('create (8.1.1.1)', async () => {
    answers.push(Response.json(stream, { status: 201 }))
    expect(await client().createStream(wanted)).toEqual(stream)
    expect(lastAsked()).toEqual({ method: 'POST', url: url('stream'), body: wanted, authorization })
  })

  it('read (8.1.1.2)', async () => {
    answers.push(Response.json(stream))
    expect(await client().readStream(id)).toEqual(stream)
    expect(lastAsked()).toMatchObject({ method: 'GET', url: url('stream', `?stream_id=${id}`) })
  })

  it('read all (8.1.1.2)', async () => {
    answers.push(Response.json([stream, stream]))
    expect(await client().listStreams()).toHaveLength(2)
    expect(lastAsked()).toMatchObject({ method: 'GET', url: url('stream') })
  })

  it('update (8.1.1.3)', async () => {
    answers.push(Response.json(stream))
    await client().updateStream(id, { events_requested })
    expect(lastAsked()).toMatchObject({
      method: 'PATCH',
      url: url('stream'),
      body: { stream_id: id, events_requested },
    })
  })

  it('replace (8.1.1.4)', async () => {
    answers.push(Response.json(stream))
    await client().replaceStream(id, wanted)
    expect(lastAsked()).toMatchObject({ method: 'PUT', url: url('stream'), body: { stream_id: id, ...wanted } })
  })

  it('delete (8.1.1.5)', async () => {
    answers.push(new Response(null, { status: 204 }))
    await client().deleteStream(id)
    expect(lastAsked()).toMatchObject({ method: 'DELETE', url: url('stream', `?stream_id=${id}`), body: undefined })
  })

  it('read the status (8.1.2.1)', async () => {
    const status = { stream_id: id, status: 'paused', reason: 'SYSTEM_DOWN_FOR_MAINTENANCE' }
    answers.push(Response.json(status))
    expect(await client().readStatus(id)).toEqual(status)
    expect(lastAsked()).toMatchObject({ method: 'GET', url: url('status', `?stream_id=${id}`) })
  })

  it('update the status (8.1.2.2)', async () => {
    const status = { stream_id: id, status: 'paused', reason: 'Disabled by administrator action.' }
    answers.push(Response.json(status))
    expect(await client().updateStatus(id, 'paused', status.reason)).toEqual(status)
    expect(lastAsked()).toMatchObject({ method: 'POST', url: url('status'), body: status })
  })

  it('add a subject (8.1.3.2)', async () => {
    answers.push(new Response(null, { status: 200 }))
    await client().addSubject(id, subject, true)
    expect(lastAsked()).toMatchObject({
      method: 'POST',
      url: url('subject:add'),
      body: { stream_id: id, subject, verified: true },
    })
  })

  it('remove a subject (8.1.3.3)', async () => {
    answers.push(new Response(null, { status: 204 }))
    await client().removeSubject(id, subject)
    expect(lastAsked()).toMatchObject({ method: 'POST', url: url('subject:remove'), body: { stream_id: id, subject } })
  })

  it('ask for a verification (8.1.4.2)', async () => {
    answers.push(new Response(null, { status: 204 }))
    const state = 'VGhpcyBpcyBhbiBleGFtcGxlIHN0YXRlIHZhbHVlLgo='
    await client().verifyStream(id, state)
    expect(lastAsked()).toMatchObject({ method: 'POST', url: url('verification'), body: { stream_id: id, state } })
  })
})

describe('an answer is refused', () => {
  it.each([400, 401, 403, 404, 409, 429])('%i, with its status', async (status) => {
    answers.push(new Response(null, { status }))
    await expect(client().createStream({})).rejects.toMatchObject({ name: 'StreamManagementError', status })
  })

  it.each([
    ['of another issuer', { ...stream, iss: 'https://evil.example' }],
    ['without an id', { ...stream, stream_id: undefined }],
    ['without a delivery', { ...stream, delivery: undefined }],
    ['that is no object', null],
  ])('that is a stream %s', async (_title, content) => {
    answers.push(Response.json(content, { status: 201 }))
    await expect(client().createStream({})).rejects.toThrow(StreamManagementError)
  })

  it('that is a stream for another audience than the one that is accepted here', async () => {
    answers.push(Response.json(stream, { status: 201 }))
    await expect(client({ audience: 'https://mcp.company.com/mcp' }).createStream({})).rejects.toThrow('"aud"')
  })

  it('of an operation that the transmitter does not have', async () => {
    const { status_endpoint: _, ...without } = metadata
    await expect(client({}, without).readStatus(id)).rejects.toThrow('has no status_endpoint')
  })
})

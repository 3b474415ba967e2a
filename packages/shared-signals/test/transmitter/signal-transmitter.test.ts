import { publicKeySet, testKeys } from '@mcp-identity/test-kit'
import Database from 'better-sqlite3'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTransmitterStore } from '../../src/sqlite/transmitter-store.ts'
import {
  createSignalTransmitter,
  type SignalTransmitter,
  type TransmitterOptions,
} from '../../src/transmitter/create-transmitter.ts'
import { eventTypes } from '../../src/transmitter/event-types.ts'
import type { PushFailure } from '../../src/transmitter/push-delivery.ts'
import type { StreamReceiver } from '../../src/transmitter/stream-receiver.ts'

const issuer = 'https://tr.example.com'
const startedAtMs = 1_795_452_957_000
const alice = { format: 'iss_sub', iss: issuer, sub: 'alice' }
const keys = createLocalJWKSet(publicKeySet(testKeys.rsa) as never)
const receivers: Record<string, StreamReceiver> = {
  'Bearer manager': { name: 'mcp', audience: 'https://mcp.company.com/mcp', mayManage: true },
  'Bearer reader': { name: 'mcp', audience: 'https://mcp.company.com/mcp', mayManage: false },
  'Bearer other': { name: 'other', audience: ['a', 'b'], mayManage: true },
}

let transmitter: SignalTransmitter
let nowMs: number
let pushed: { url: string; headers: Headers; body: string }[]
let pushAnswers: (number | { status: number; err: string } | Error)[]
let failures: PushFailure[]
let database: Database.Database

function start(options: Partial<TransmitterOptions> = {}): SignalTransmitter {
  return createSignalTransmitter({
    issuer,
    jwksUri: `${issuer}/jwks.json`,
    signingKey: () => testKeys.rsa.privateJwk as never,
    store: createTransmitterStore(database),
    authenticate: async (request) => receivers[request.headers.get('authorization') ?? ''],
    audienceOf: (name) => Object.values(receivers).find((receiver) => receiver.name === name)?.audience,
    eventsSupported: [eventTypes.sessionRevoked, eventTypes.accountDisabled, eventTypes.tokenClaimsChange],
    mayPushTo: (url) => url !== 'https://elsewhere.example.com/events',
    onPushFailed: (failure) => failures.push(failure),
    clock: () => nowMs,
    fetch: async (url, init = {}) => {
      pushed.push({ url: String(url), headers: new Headers(init.headers), body: String(init.body) })
      const answer = pushAnswers.shift() ?? 202
      if (answer instanceof Error) throw answer
      return typeof answer === 'number'
        ? new Response(null, { status: answer })
        : Response.json({ err: answer.err, description: 'x' }, { status: answer.status })
    },
    ...options,
  })
}

beforeEach(() => {
  database = new Database(':memory:')
  nowMs = startedAtMs
  pushed = []
  pushAnswers = []
  failures = []
  transmitter = start()
})
afterEach(async () => {
  await transmitter.stop()
  database.close()
})

async function ask(method: string, path: string, body?: unknown, authorization = 'Bearer manager') {
  const request = new Request(`${issuer}${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const response = await transmitter.handle(request)
  if (response === undefined) throw new Error(`nothing is served at ${path}`)
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
}

const pushDelivery = { method: 'urn:ietf:rfc:8935', endpoint_url: 'https://receiver.example.com/events' }
const createStream = async (body: object = {}, authorization?: string) =>
  (await ask('POST', '/ssf/streams', body, authorization)).body as {
    stream_id: string
    delivery: { endpoint_url: string }
  }
const claimsOf = async (compact: string) => (await jwtVerify(compact, keys, { typ: 'secevent+jwt' })).payload
const poll = (streamId: string, body: unknown = { returnImmediately: true }) =>
  ask('POST', `/ssf/poll/${streamId}`, body)

describe('metadata (SSF 1.0 section 7.1, CAEP interoperability profile section 2.3)', () => {
  it('is public and says everything that the profile asks for', async () => {
    const { status, body, headers } = await ask('GET', '/.well-known/ssf-configuration', undefined, '')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(body).toEqual({
      spec_version: '1_0',
      issuer,
      jwks_uri: 'https://tr.example.com/jwks.json',
      delivery_methods_supported: ['urn:ietf:rfc:8935', 'urn:ietf:rfc:8936'],
      configuration_endpoint: 'https://tr.example.com/ssf/streams',
      status_endpoint: 'https://tr.example.com/ssf/status',
      add_subject_endpoint: 'https://tr.example.com/ssf/subjects:add',
      remove_subject_endpoint: 'https://tr.example.com/ssf/subjects:remove',
      verification_endpoint: 'https://tr.example.com/ssf/verify',
      authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
      default_subjects: 'ALL',
    })
  })

  it('stands between host and path of the issuer', async () => {
    const other = start({ issuer: 'https://tr.example.com/tenant' })
    const request = new Request('https://tr.example.com/.well-known/ssf-configuration/tenant')
    expect(await (await other.handle(request))?.json()).toMatchObject({
      issuer: 'https://tr.example.com/tenant',
      configuration_endpoint: 'https://tr.example.com/tenant/ssf/streams',
    })
  })

  it('leaves other paths alone', async () => {
    expect(await transmitter.handle(new Request(`${issuer}/jwks.json`))).toBeUndefined()
  })
})

describe('management of streams (SSF 1.0 section 8.1.1)', () => {
  /** The request that section 8.1.1.1 prints, with event types of ours. */
  const request = {
    delivery: pushDelivery,
    events_requested: [eventTypes.accountDisabled, 'urn:example:secevent:events:type_4'],
    description: 'Stream for Receiver A',
  }

  it('creates what was asked for: 201', async () => {
    const { status, body } = await ask('POST', '/ssf/streams', request)
    expect(status).toBe(201)
    expect(body).toEqual({
      stream_id: expect.any(String),
      iss: issuer,
      aud: 'https://mcp.company.com/mcp',
      delivery: pushDelivery,
      events_supported: [eventTypes.sessionRevoked, eventTypes.accountDisabled, eventTypes.tokenClaimsChange],
      events_requested: request.events_requested,
      events_delivered: [eventTypes.accountDisabled],
      min_verification_interval: 1,
      description: 'Stream for Receiver A',
    })
  })

  it('takes a request without delivery as one for polls', async () => {
    const { stream_id, delivery } = await createStream()
    expect(delivery).toEqual({ method: 'urn:ietf:rfc:8936', endpoint_url: `${issuer}/ssf/poll/${stream_id}` })
  })

  it('gives one stream to a receiver: 409', async () => {
    await createStream()
    expect((await ask('POST', '/ssf/streams', {})).status).toBe(409)
    expect((await ask('POST', '/ssf/streams', {}, 'Bearer other')).status).toBe(201)
  })

  it('never gives the secret of the receiver’s door out again', async () => {
    const delivery = { ...pushDelivery, authorization_header: 'Bearer push-secret' }
    const created = await ask('POST', '/ssf/streams', { delivery })
    const read = await ask('GET', '/ssf/streams')
    expect(JSON.stringify([created.body, read.body])).not.toContain('push-secret')
  })

  it('reads one and all', async () => {
    const stream = await createStream(request)
    expect((await ask('GET', `/ssf/streams?stream_id=${stream.stream_id}`)).body).toEqual(stream)
    expect((await ask('GET', '/ssf/streams')).body).toEqual([stream])
    expect((await ask('GET', '/ssf/streams', undefined, 'Bearer other')).body).toEqual([])
  })

  it('PATCH changes what is given, PUT everything', async () => {
    const { stream_id } = await createStream(request)
    const patched = await ask('PATCH', '/ssf/streams', { stream_id, events_requested: [eventTypes.sessionRevoked] })
    expect(patched.body).toMatchObject({
      events_delivered: [eventTypes.sessionRevoked],
      description: 'Stream for Receiver A',
      delivery: pushDelivery,
    })
    const replaced = await ask('PUT', '/ssf/streams', { stream_id, delivery: pushDelivery })
    expect(replaced.body).not.toHaveProperty('description')
    expect(replaced.body).not.toHaveProperty('events_requested')
    expect(replaced.body.events_delivered).toHaveLength(3)
  })

  it('refuses a change of what is the transmitter’s: 400', async () => {
    const { stream_id } = await createStream(request)
    expect((await ask('PATCH', '/ssf/streams', { stream_id, aud: 'https://evil.example' })).status).toBe(400)
    expect((await ask('PATCH', '/ssf/streams', { stream_id, iss: issuer })).status).toBe(200)
  })

  it('deletes with whatever was not delivered: 204', async () => {
    const { stream_id } = await createStream()
    transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    expect((await ask('DELETE', `/ssf/streams?stream_id=${stream_id}`)).status).toBe(204)
    expect((await ask('GET', `/ssf/streams?stream_id=${stream_id}`)).status).toBe(404)
    expect(transmitter.countPending()).toBe(0)
  })

  it.each([
    ['POST', '/ssf/streams', 'no JSON', 400],
    ['POST', '/ssf/streams', [], 400],
    ['POST', '/ssf/streams', { delivery: { method: 'urn:example' } }, 400],
    ['POST', '/ssf/streams', { delivery: { ...pushDelivery, endpoint_url: 'http://receiver.example.com' } }, 400],
    [
      'POST',
      '/ssf/streams',
      { delivery: { ...pushDelivery, endpoint_url: 'https://elsewhere.example.com/events' } },
      400,
    ],
    ['POST', '/ssf/streams', { delivery: { ...pushDelivery, authorization_header: 'a\r\nb: c' } }, 400],
    ['POST', '/ssf/streams', { events_requested: 'all' }, 400],
    ['PATCH', '/ssf/streams', {}, 400],
    ['PATCH', '/ssf/streams', { stream_id: 'unknown' }, 404],
    ['DELETE', '/ssf/streams?stream_id=unknown', undefined, 404],
    ['GET', '/ssf/status?stream_id=unknown', undefined, 404],
    ['POST', '/ssf/verify', { stream_id: 'unknown' }, 404],
    ['POST', '/ssf/poll/unknown', {}, 404],
    ['POST', '/ssf/poll/%', {}, 404],
    ['GET', '/ssf/nothing', undefined, 404],
    ['DELETE', '/ssf/status', undefined, 405],
  ])('%s %s %j is refused: %i', async (method, path, body, status) => {
    expect((await ask(method, path, body)).status).toBe(status)
  })

  it('asks who it is: 401; and whether it may change: 403', async () => {
    const stranger = await ask('GET', '/ssf/streams', undefined, 'Bearer unknown')
    expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await ask('POST', '/ssf/streams', {}, 'Bearer reader')).status).toBe(403)
    expect((await ask('GET', '/ssf/streams', undefined, 'Bearer reader')).status).toBe(200)
  })

  it('hides a stream from everybody else: 404', async () => {
    const { stream_id } = await createStream()
    for (const [method, path, body] of [
      ['GET', `/ssf/streams?stream_id=${stream_id}`],
      ['DELETE', `/ssf/streams?stream_id=${stream_id}`],
      ['GET', `/ssf/status?stream_id=${stream_id}`],
      ['POST', '/ssf/status', { stream_id, status: 'disabled' }],
      ['POST', '/ssf/subjects:remove', { stream_id, subject: alice }],
      ['POST', '/ssf/verify', { stream_id }],
      ['POST', `/ssf/poll/${stream_id}`, { returnImmediately: true }],
    ] as const) {
      expect((await ask(method, path, body, 'Bearer other')).status).toBe(404)
    }
  })
})

describe('a SET', () => {
  it('is what SSF 1.0 section 4.1 asks for', async () => {
    const { stream_id } = await createStream()
    transmitter.emit({ type: eventTypes.sessionRevoked, subject: alice, event: { reason_admin: { en: 'left' } } })
    const [compact] = Object.values((await poll(stream_id)).body.sets) as string[]
    const { payload, protectedHeader } = await jwtVerify(compact as string, keys)
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'secevent+jwt', kid: testKeys.rsa.kid })
    expect(payload).toEqual({
      iss: issuer,
      aud: 'https://mcp.company.com/mcp',
      iat: startedAtMs / 1000,
      jti: expect.any(String),
      txn: expect.any(String),
      sub_id: alice,
      events: { [eventTypes.sessionRevoked]: { reason_admin: { en: 'left' }, event_timestamp: startedAtMs / 1000 } },
    })
  })

  it('of one cause has one txn in all streams, and a jti of its own', async () => {
    const one = await createStream()
    const other = await createStream({}, 'Bearer other')
    expect(transmitter.emit({ type: eventTypes.sessionRevoked, subject: alice })).toBe(2)
    const [mine, theirs] = await Promise.all([
      poll(one.stream_id),
      ask('POST', `/ssf/poll/${other.stream_id}`, { returnImmediately: true }, 'Bearer other'),
    ])
    const [a, b] = await Promise.all([mine, theirs].map(({ body }) => claimsOf(Object.values(body.sets)[0] as string)))
    expect(a?.txn).toBe(b?.txn)
    expect(a?.jti).not.toBe(b?.jti)
    expect([a?.aud, b?.aud]).toEqual(['https://mcp.company.com/mcp', ['a', 'b']])
  })

  it('goes to streams that asked for its type only', async () => {
    await createStream({ events_requested: [eventTypes.accountDisabled] })
    expect(transmitter.emit({ type: eventTypes.sessionRevoked, subject: alice })).toBe(0)
    expect(transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })).toBe(1)
  })

  it('is part of the transaction that caused it', async () => {
    await createStream()
    const change = database.transaction(() => {
      transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
      throw new Error('the change fails')
    })
    expect(change).toThrow('the change fails')
    expect(transmitter.countPending()).toBe(0)
  })
})

describe('subjects (SSF 1.0 section 8.1.3)', () => {
  const bob = { format: 'iss_sub', iss: issuer, sub: 'bob' }
  const emit = (subject: object) => transmitter.emit({ type: eventTypes.accountDisabled, subject: { ...subject } })

  it('all are in, until one is removed, until it is added again', async () => {
    const { stream_id } = await createStream()
    // The members in another order are the same subject.
    const removed = await ask('POST', '/ssf/subjects:remove', {
      stream_id,
      subject: { sub: 'bob', iss: issuer, format: 'iss_sub' },
    })
    expect([removed.status, emit(bob), emit(alice)]).toEqual([204, 0, 1])
    const added = await ask('POST', '/ssf/subjects:add', { stream_id, subject: bob, verified: true })
    expect([added.status, added.body, emit(bob)]).toEqual([200, undefined, 1])
  })

  /** The pairs that section 8.1.3.1 prints. */
  const tenant = { format: 'opaque', id: 'example-a38h4792-uw2' }
  const user = { format: 'email', email: 'jdoe@example.com' }
  const did = (url: string) => ({ format: 'did', url })
  it.each([
    ['less restrictive', { tenant }, { tenant, user }, 0],
    ['more restrictive', { user, device: { format: 'ip-addresses', 'ip-addresses': ['10.29.37.75'] } }, { user }, 0],
    ['of another group', { user, group: did('did:example:123456') }, { user, group: did('did:example:9999999') }, 1],
  ])('complex ones match as printed: %s', async (_title, inStream, emitted, reached) => {
    const { stream_id } = await createStream()
    await ask('POST', '/ssf/subjects:remove', { stream_id, subject: { format: 'complex', ...inStream } })
    expect(emit({ format: 'complex', ...emitted })).toBe(reached)
  })

  it.each([undefined, null, 'bob', {}, { format: 1 }])('%j is none: 400', async (subject) => {
    const { stream_id } = await createStream()
    expect((await ask('POST', '/ssf/subjects:add', { stream_id, subject })).status).toBe(400)
  })
})

describe('verification (SSF 1.0 section 8.1.4)', () => {
  it('sends the state back with the stream as subject', async () => {
    const { stream_id } = await createStream()
    const state = 'VGhpcyBpcyBhbiBleGFtcGxlIHN0YXRlIHZhbHVlLgo='
    expect((await ask('POST', '/ssf/verify', { stream_id, state })).status).toBe(204)
    const [compact] = Object.values((await poll(stream_id)).body.sets) as string[]
    expect(await claimsOf(compact as string)).toMatchObject({
      sub_id: { format: 'opaque', id: stream_id },
      events: { [eventTypes.verification]: { state } },
    })
  })

  it('is not repeated within the interval: 429', async () => {
    const { stream_id } = await createStream()
    const verify = async () => (await ask('POST', '/ssf/verify', { stream_id })).status
    expect(await verify()).toBe(204)
    nowMs += 999
    expect(await verify()).toBe(429)
    nowMs += 1
    expect(await verify()).toBe(204)
  })
})

describe('delivery by push (RFC 8935)', () => {
  const settled = async () => {
    transmitter.kick()
    await transmitter.idle()
  }

  it('is one POST a SET, in order, with the secret of the receiver’s door', async () => {
    await createStream({ delivery: { ...pushDelivery, authorization_header: 'Bearer push-secret' } })
    transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    transmitter.emit({ type: eventTypes.sessionRevoked, subject: alice })
    await settled()
    expect(pushed.map(({ url }) => url)).toEqual(Array(2).fill('https://receiver.example.com/events'))
    expect(Object.fromEntries(pushed[0]?.headers ?? [])).toMatchObject({
      'content-type': 'application/secevent+jwt',
      accept: 'application/json',
      authorization: 'Bearer push-secret',
    })
    const events = await Promise.all(
      pushed.map(async ({ body }) => Object.keys((await claimsOf(body)).events as object)),
    )
    expect(events.flat()).toEqual([eventTypes.accountDisabled, eventTypes.sessionRevoked])
    expect(transmitter.countPending()).toBe(0)
  })

  it('is fifty at a time, oldest first, and after one that was not taken that one alone', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    await createStream({ delivery: pushDelivery })
    for (let each = 0; each < 60; each++) transmitter.emit({ type: eventTypes.sessionRevoked, subject: alice })
    pushAnswers.push(...Array(49).fill(202), 503)
    await settled()
    expect([pushed.length, transmitter.countPending()]).toEqual([50, 11])
    nowMs += 200
    pushAnswers.push(503)
    await settled()
    expect([pushed.length, transmitter.countPending()]).toEqual([51, 11])
    nowMs += 400
    await settled()
    expect([pushed.length, transmitter.countPending()]).toEqual([62, 0])
    const ids = await Promise.all(pushed.map(async ({ body }) => (await claimsOf(body)).jti))
    expect([ids[50], ids[51], new Set(ids).size]).toEqual([ids[49], ids[49], 60])
  })

  it.each([
    500,
    503,
    429,
    200,
    204,
    400,
    new Error('connection refused'),
    { status: 400, err: 'invalid_key' },
    { status: 400, err: 'access_denied' },
  ])('%s is no acceptance: the same SET is sent again', async (answer) => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    await createStream({ delivery: pushDelivery })
    pushAnswers.push(answer)
    transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    await settled()
    expect(failures).toMatchObject([{ problem: expect.any(String), retryInMs: 200 }])
    nowMs += 199
    await settled()
    expect(pushed).toHaveLength(1)
    nowMs += 1
    await settled()
    const [first, second] = await Promise.all(pushed.map(({ body }) => claimsOf(body)))
    expect(second).toEqual(first)
    expect(transmitter.countPending()).toBe(0)
  })

  it('a refusal for good ends this SET and no other', async () => {
    await createStream({ delivery: pushDelivery })
    pushAnswers.push({ status: 400, err: 'invalid_request' })
    transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    transmitter.emit({ type: eventTypes.sessionRevoked, subject: alice })
    await settled()
    expect(failures).toMatchObject([{ problem: 'answered 400 invalid_request', retryInMs: undefined }])
    expect([pushed.length, transmitter.countPending()]).toEqual([2, 0])
  })

  it('goes on after a restart with what was not delivered', async () => {
    await createStream({ delivery: pushDelivery })
    pushAnswers.push(503)
    transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    await settled()
    await transmitter.stop()
    transmitter = start()
    nowMs += 60_000
    await settled()
    expect(pushed).toHaveLength(2)
    expect(transmitter.countPending()).toBe(0)
  })
})

describe('delivery by poll (RFC 8936)', () => {
  const emit = (type: string = eventTypes.accountDisabled) => transmitter.emit({ type, subject: alice })

  it('gives a hundred where nobody says how many, and a thousand at most', async () => {
    const { stream_id } = await createStream()
    for (let each = 0; each < 1_001; each++) emit()
    for (const [asked, given] of [
      [{}, 100],
      [{ maxEvents: 1_000 }, 1_000],
      [{ maxEvents: 1_001 }, 1_000],
    ] as const) {
      const { sets, moreAvailable } = (await poll(stream_id, { ...asked, returnImmediately: true })).body
      expect([Object.keys(sets).length, moreAvailable]).toEqual([given, true])
    }
  })

  it('gives what waits until it is acknowledged, as section 2.4 prints the requests', async () => {
    const { stream_id } = await createStream()
    emit()
    emit(eventTypes.sessionRevoked)
    const first = await poll(stream_id, { returnImmediately: true })
    expect(first.status).toBe(200)
    const ids = Object.keys(first.body.sets)
    expect(first.body).toEqual({
      sets: { [ids[0] as string]: expect.any(String), [ids[1] as string]: expect.any(String) },
    })
    expect((await claimsOf(first.body.sets[ids[0] as string])).jti).toBe(ids[0])
    expect(Object.keys((await poll(stream_id)).body.sets)).toEqual(ids)
    const acknowledged = await poll(stream_id, { ack: ids, maxEvents: 0, returnImmediately: true })
    expect(acknowledged.body).toEqual({ sets: {} })
    expect(transmitter.countPending()).toBe(0)
  })

  it('with maxEvents says that there is more', async () => {
    const { stream_id } = await createStream()
    emit()
    emit()
    const { body } = await poll(stream_id, { maxEvents: 1, returnImmediately: true })
    expect(Object.keys(body.sets)).toHaveLength(1)
    expect(body.moreAvailable).toBe(true)
    const rest = await poll(stream_id, { ack: Object.keys(body.sets), maxEvents: 1, returnImmediately: true })
    expect(rest.body).not.toHaveProperty('moreAvailable')
  })

  it('takes an error as the end of that SET', async () => {
    const { stream_id } = await createStream()
    emit()
    const [id] = Object.keys((await poll(stream_id)).body.sets)
    const setErrs = {
      [id as string]: { err: 'authentication_failed', description: 'The SET could not be authenticated' },
    }
    expect((await poll(stream_id, { setErrs, returnImmediately: true })).body).toEqual({ sets: {} })
  })

  it('waits for an event when it may, and answers in the moment of it', async () => {
    const { stream_id } = await createStream()
    const answer = poll(stream_id, {})
    await new Promise(setImmediate)
    emit()
    transmitter.kick()
    expect(Object.keys((await answer).body.sets)).toHaveLength(1)
  })

  it('answers an empty long poll after its longest time', async () => {
    await transmitter.stop()
    transmitter = start({ longestPollMs: 20 })
    const { stream_id } = await createStream()
    expect((await poll(stream_id, {})).body).toEqual({ sets: {} })
  })

  it('lets long polls go when it stops', async () => {
    const { stream_id } = await createStream()
    const answer = poll(stream_id, {})
    await new Promise(setImmediate)
    await transmitter.stop()
    expect((await answer).body).toEqual({ sets: {} })
  })

  it.each([
    'x',
    { maxEvents: -1 },
    { maxEvents: 1.5 },
    { returnImmediately: 'yes' },
    { ack: 'a' },
    { ack: [1] },
    { setErrs: [] },
  ])('%j is no poll request: 400', async (body) => {
    const { stream_id } = await createStream()
    expect((await poll(stream_id, body)).status).toBe(400)
  })

  it('of a stream that is pushed is nothing: 404', async () => {
    const { stream_id } = await createStream({ delivery: pushDelivery })
    expect((await poll(stream_id)).status).toBe(404)
  })
})

describe('status (SSF 1.0 section 8.1.2)', () => {
  it('is enabled at first, and what it was made after that', async () => {
    const { stream_id } = await createStream()
    expect((await ask('GET', `/ssf/status?stream_id=${stream_id}`)).body).toEqual({ stream_id, status: 'enabled' })
    const paused = { stream_id, status: 'paused', reason: 'Disabled by administrator action.' }
    expect((await ask('POST', '/ssf/status', paused)).body).toEqual(paused)
    expect((await ask('GET', `/ssf/status?stream_id=${stream_id}`)).body).toEqual(paused)
  })

  it.each(['off', undefined, 1])('%j is none: 400', async (status) => {
    const { stream_id } = await createStream()
    expect((await ask('POST', '/ssf/status', { stream_id, status })).status).toBe(400)
  })

  it('paused keeps what happens until it is enabled', async () => {
    const { stream_id } = await createStream()
    await ask('POST', '/ssf/status', { stream_id, status: 'paused' })
    transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    expect((await poll(stream_id)).body.sets).toEqual({})
    await ask('POST', '/ssf/status', { stream_id, status: 'enabled' })
    expect(Object.keys((await poll(stream_id)).body.sets)).toHaveLength(1)
  })

  it('disabled keeps nothing', async () => {
    const { stream_id } = await createStream()
    transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    await ask('POST', '/ssf/status', { stream_id, status: 'disabled' })
    expect(transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })).toBe(0)
    await ask('POST', '/ssf/status', { stream_id, status: 'enabled' })
    expect((await poll(stream_id)).body.sets).toEqual({})
  })

  it('that the transmitter changes is told by stream-updated, though the stream stands still', async () => {
    const { stream_id } = await createStream()
    transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    transmitter.setStatus(stream_id, 'paused', 'Internal error')
    const [compact, ...others] = Object.values((await poll(stream_id)).body.sets) as string[]
    expect(others).toEqual([])
    expect(await claimsOf(compact as string)).toMatchObject({
      sub_id: { format: 'opaque', id: stream_id },
      events: { [eventTypes.streamUpdated]: { status: 'paused', reason: 'Internal error' } },
    })
  })

  it('becomes disabled when too much waits, and says so', async () => {
    await transmitter.stop()
    transmitter = start({ mostPending: 3 })
    const { stream_id } = await createStream()
    for (let i = 0; i < 4; i++) transmitter.emit({ type: eventTypes.accountDisabled, subject: alice })
    expect((await ask('GET', `/ssf/status?stream_id=${stream_id}`)).body).toMatchObject({ status: 'disabled' })
    expect(transmitter.countPending()).toBe(1)
  })
})

it.each([{ issuer: 'http://tr.example.com' }, { eventsSupported: [] }])('refuses wrong settings: %j', (options) => {
  expect(() => start(options)).toThrow(TypeError)
})

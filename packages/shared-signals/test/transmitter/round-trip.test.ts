import { publicKeySet, testKeys } from '@mcp-identity/test-kit'
import Database from 'better-sqlite3'
import { createLocalJWKSet } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCutOffState } from '../../src/cut-off-state.ts'
import { createSignalReceivers } from '../../src/receivers/create-signal-receivers.ts'
import { type MaintainedStream, maintainStream } from '../../src/receivers/maintain-stream.ts'
import { type PolledStream, pollSecurityEvents } from '../../src/receivers/poll-security-events.ts'
import { createStreamClient, type StreamRequest } from '../../src/receivers/stream-client.ts'
import { createTransmitterStore } from '../../src/sqlite/transmitter-store.ts'
import { createSignalTransmitter, type SignalTransmitter } from '../../src/transmitter/create-transmitter.ts'
import { eventTypes } from '../../src/transmitter/event-types.ts'

const issuer = 'https://idp.company.com'
const audience = 'https://mcp.company.com/mcp'
const baseUrl = 'https://mcp.company.com/signals'
const token = { issuer, subject: 'alice', issuedAt: Math.floor(Date.now() / 1000) - 1 }
const trusted = { issuer, audience, keys: createLocalJWKSet(publicKeySet(testKeys.rsa) as never) }

let database: Database.Database
let transmitter: SignalTransmitter
let state: ReturnType<typeof createCutOffState>
let kept: MaintainedStream
let polled: PolledStream | undefined
let problems: Error[]
/** What answers 503 for now. */
let isDown: boolean

/** Transmitter and receiver without a network between them. */
const network: typeof fetch = async (input, init) => {
  if (isDown) return new Response(null, { status: 503 })
  const request = new Request(String(input), { ...init, signal: init?.signal ?? null })
  const response = request.url.startsWith(baseUrl) ? await receivers.handle(request) : await transmitter.handle(request)
  return response ?? new Response(null, { status: 404 })
}
const receivers = createSignalReceivers({
  baseUrl,
  transmitters: [{ ...trusted, authorizationHeader: 'Bearer push-secret' }],
  onSignals: (signals) => signals.forEach((signal) => void state.apply(signal)),
  onStreamEvent: (event) => kept.onStreamEvent(event),
})

function openTransmitter(): SignalTransmitter {
  return createSignalTransmitter({
    issuer,
    jwksUri: `${issuer}/jwks`,
    signingKey: () => testKeys.rsa.privateJwk as never,
    store: createTransmitterStore(database),
    authenticate: async (request) =>
      request.headers.get('authorization') === 'Bearer access-token'
        ? { name: 'mcp-server', audience, mayManage: true }
        : undefined,
    audienceOf: () => audience,
    eventsSupported: [eventTypes.accountDisabled],
    mayPushTo: () => true,
    minVerificationIntervalSeconds: 0,
    fetch: network,
  })
}

function keepUp(delivery: StreamRequest['delivery']): void {
  const authorization = () => 'Bearer access-token'
  kept = maintainStream({
    client: createStreamClient({ issuer, audience, authorization, fetch: network }),
    wanted: { events_requested: [eventTypes.accountDisabled], ...(delivery === undefined ? {} : { delivery }) },
    checkIntervalMs: 1_000,
    onProblem: (error) => problems.push(error),
    onStream: ({ delivery: given }) => {
      if (given.method !== 'urn:ietf:rfc:8936') return
      polled ??= pollSecurityEvents({
        transmitter: trusted,
        endpointUrl: given.endpoint_url ?? '',
        authorization,
        onSignals: (signals) => signals.forEach((signal) => void state.apply(signal)),
        onStreamEvent: (event) => kept.onStreamEvent(event),
        fetch: network,
      })
    },
  })
}

const push = {
  method: 'urn:ietf:rfc:8935' as const,
  endpoint_url: `${baseUrl}/ssf`,
  authorization_header: 'Bearer push-secret',
}

beforeEach(() => {
  database = new Database(':memory:')
  isDown = false
  problems = []
  polled = undefined
  transmitter = openTransmitter()
  state = createCutOffState({ retentionSeconds: 3_660 })
})
afterEach(async () => {
  await Promise.all([kept.stop(), polled?.stop(), transmitter.stop()])
  database.close()
})

const verified = () => vi.waitFor(() => expect(kept.verifiedAtMs).toBeDefined(), { timeout: 8_000 })
function disable(): void {
  transmitter.emit({ type: eventTypes.accountDisabled, subject: { format: 'iss_sub', iss: issuer, sub: 'alice' } })
  transmitter.kick()
}
const refused = () => vi.waitFor(() => expect(state.reasonRefused(token)).toBe('account_disabled'), { timeout: 8_000 })

describe.each([
  ['push', push],
  ['poll', undefined],
])('a stream by %s', (_name, delivery) => {
  it('is set up, verified, and ends the tokens of whoever is disabled', async () => {
    keepUp(delivery)
    await verified()
    disable()
    await refused()
    await vi.waitFor(() => expect(transmitter.countPending()).toBe(0))
    expect(problems).toEqual([])
  })

  it('comes up when the transmitter does, and carries what happened meanwhile', async () => {
    keepUp(delivery)
    await verified()
    isDown = true
    disable()
    await transmitter.stop()
    transmitter = openTransmitter()
    isDown = false
    transmitter.kick()
    await refused()
  })

  it('that was deleted at the transmitter is made again', async () => {
    keepUp(delivery)
    await verified()
    const lost = kept.stream?.stream_id ?? ''
    createTransmitterStore(database).deleteStream(lost)
    await vi.waitFor(() => expect(kept.stream?.stream_id).not.toBe(lost), { timeout: 8_000 })
  })

  it('that was paused is enabled again', async () => {
    keepUp(delivery)
    await verified()
    transmitter.setStatus(kept.stream?.stream_id ?? '', 'paused')
    disable()
    await refused()
  })
})

it('a stream whose pushes do not arrive is a problem that is told', async () => {
  keepUp({ ...push, authorization_header: 'Bearer wrong' })
  await vi.waitFor(() => expect(transmitter.countPending()).toBe(1))
  await kept.stop()
  expect(kept.verifiedAtMs).toBeUndefined()
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createClientCredentials,
  createStreamClient,
  eventTypes,
  type StreamClient,
  StreamManagementError,
} from '@mcp-identity/shared-signals'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Company, developmentSecret, fetchKeySet, startCompany } from './support/company.ts'

const audience = 'https://mcp.company.com/mcp'
const secret = 'a secret of the signal receivers'
let company: Company
/** What was pushed, in order. */
const pushed: { body: string; headers: Record<string, unknown> }[] = []
const receiver = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString()
  pushed.push({ body, headers: request.headers })
  response.writeHead(202).end()
})
let pushTo: string

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  pushTo = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/signals/ssf`
  const signalReceivers = ['polling', 'pushed', 'third'].map((clientId) => ({ clientId, secret, audience, pushTo }))
  company = await startCompany((config) => ({ ...config, signalReceivers }))
  company.keycloak.trustIdp(await fetchKeySet(company.issuer))
})
afterAll(async () => {
  await company.stop()
  receiver.closeAllConnections()
  await new Promise((resolve) => receiver.close(resolve))
})

function credentials(clientId: string, scope = 'ssf.manage ssf.read') {
  const given = createClientCredentials({
    tokenEndpoint: `${company.issuer}/token`,
    clientId,
    clientSecret: secret,
    scope,
  })
  return async () => `Bearer ${await given.accessToken()}`
}

const streamsOf = (clientId: string, scope?: string): StreamClient =>
  createStreamClient({ issuer: company.issuer, audience, authorization: credentials(clientId, scope) })

const patch = (username: string, change: object) =>
  fetch(`${company.issuer}/admin/people/${username}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${developmentSecret}`, 'content-type': 'application/json' },
    body: JSON.stringify(change),
  })

async function claimsOf(compact: string): Promise<JWTPayload & { events: Record<string, Record<string, unknown>> }> {
  const keys = createRemoteJWKSet(new URL(`${company.issuer}/jwks`))
  const { payload } = await jwtVerify(compact, keys, { issuer: company.issuer, audience, typ: 'secevent+jwt' })
  return payload as Awaited<ReturnType<typeof claimsOf>>
}

async function poll(address: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { authorization: await credentials('polling')(), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { sets: Record<string, string> }).sets
}

describe('a stream by poll', () => {
  it('tells what happens to people, with the company’s subject, until it is acknowledged', async () => {
    const { delivery } = await streamsOf('polling').createStream({})
    const address = delivery.endpoint_url ?? ''
    const waiting = poll(address, { returnImmediately: false })
    await patch('dave', { active: false })
    const first = await waiting
    expect(Object.keys(first).length).toBeGreaterThan(0)
    await patch('dave', { active: true })
    await patch('erin', { groups: ['Data Analysts'] })
    const sets = await poll(address, { returnImmediately: true })
    const claims = await Promise.all(Object.values(sets).map(claimsOf))
    const now = expect.any(Number)
    const reason = (en: string) => ({ event_timestamp: now, initiating_entity: 'admin', reason_admin: { en } })
    expect(claims.map(({ sub_id, events }) => ({ subject: (sub_id as { sub: string }).sub, events }))).toEqual([
      { subject: 'emp-1005', events: { [eventTypes.accountDisabled]: { event_timestamp: now } } },
      { subject: 'emp-1005', events: { [eventTypes.sessionRevoked]: reason('The account was disabled') } },
      { subject: 'emp-1005', events: { [eventTypes.accountEnabled]: { event_timestamp: now } } },
      {
        subject: 'emp-1006',
        events: {
          [eventTypes.tokenClaimsChange]: {
            claims: { groups: ['Data Analysts'] },
            ...reason('The groups were changed'),
          },
        },
      },
    ])
    expect(claims[0]?.txn).toBe(claims[1]?.txn)
    expect(await poll(address, { ack: Object.keys(sets), returnImmediately: true })).toEqual({})
  })

  it('survives a restart', async () => {
    const [stream] = await streamsOf('polling').listStreams()
    await patch('dave', { password: 'a password that nobody knows' })
    await company.restart()
    // Connections that the stop closed are dropped at their next use.
    await vi.waitFor(() => fetch(`${company.issuer}/healthz`))
    const sets = await poll(stream?.delivery.endpoint_url ?? '', { returnImmediately: true })
    const [claims] = await Promise.all(Object.values(sets).map(claimsOf))
    expect(claims?.events[eventTypes.credentialChange]).toMatchObject({
      credential_type: 'password',
      change_type: 'update',
    })
    expect(company.lines.join('\n')).not.toContain('a password that nobody knows')
  })
})

describe('a stream by push', () => {
  it('is verified, and tells of a disable at once', async () => {
    const streams = streamsOf('pushed')
    const delivery = {
      method: 'urn:ietf:rfc:8935' as const,
      endpoint_url: pushTo,
      authorization_header: 'Bearer its-own',
    }
    const { stream_id } = await streams.createStream({ delivery, events_requested: [eventTypes.accountDisabled] })
    await streams.verifyStream(stream_id, 'a state')
    await patch('bob', { active: false })
    await vi.waitFor(() => expect(pushed).toHaveLength(2))
    const [verification, disabled] = await Promise.all(pushed.map(({ body }) => claimsOf(body)))
    expect(verification).toMatchObject({
      sub_id: { format: 'opaque', id: stream_id },
      events: { [eventTypes.verification]: { state: 'a state' } },
    })
    expect(Object.keys(disabled?.events ?? {})).toEqual([eventTypes.accountDisabled])
    expect(pushed[0]?.headers).toMatchObject({
      'content-type': 'application/secevent+jwt',
      authorization: 'Bearer its-own',
    })
  })

  it('goes to the one address that the receiver is known by: 400', async () => {
    const delivery = { method: 'urn:ietf:rfc:8935' as const, endpoint_url: `${pushTo}/elsewhere` }
    await expect(streamsOf('third').createStream({ delivery })).rejects.toMatchObject({ status: 400 })
  })
})

describe('the management API', () => {
  it.each([
    ['no token', ''],
    ['an unknown token', 'Bearer unknown'],
    ['the secret of the admin API', `Bearer ${developmentSecret}`],
  ])('opens to no one with %s', async (_title, authorization) => {
    const response = await fetch(`${company.issuer}/ssf/streams`, { headers: { authorization } })
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })

  it('lets a receiver with ssf.read read and not change', async () => {
    const streams = streamsOf('third', 'ssf.read')
    expect(await streams.listStreams()).toEqual([])
    await expect(streams.createStream({})).rejects.toThrow(StreamManagementError)
  })
})

it('without receivers there is metadata and nobody who may ask', async () => {
  const other = await startCompany()
  expect((await fetch(`${other.issuer}/.well-known/ssf-configuration`)).status).toBe(200)
  expect((await fetch(`${other.issuer}/ssf/streams`)).status).toBe(401)
  await other.stop()
})

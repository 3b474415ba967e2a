import { testKeys } from '@mcp-identity/test-kit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type PolledStream, type PollOptions, pollSecurityEvents } from '../../src/receivers/poll-security-events.ts'
import type { RefusedSignalError } from '../../src/receivers/refused-signal.ts'
import type { Signal } from '../../src/signal.ts'
import { corporateIdp, idpIssuer, now, sign } from './sender.ts'

const endpointUrl = 'https://idp.company.com/ssf/poll/stream-1'
const accountDisabled = 'https://schemas.openid.net/secevent/risc/event-type/account-disabled'

interface Poll {
  body: Record<string, unknown>
  headers: Record<string, string>
  answer: (status: number, content?: unknown) => Promise<void>
}

/** The transmitter, played by fixed answers: each poll waits until the test answers it. */
const polls: Poll[] = []
let signals: Signal[] = []
let refused: RefusedSignalError[] = []
let streams: PolledStream[] = []

beforeEach(() => {
  vi.useFakeTimers()
  polls.length = 0
  signals = []
  refused = []
})
afterEach(async () => {
  await Promise.all(streams.map((stream) => stream.stop()))
  streams = []
  vi.useRealTimers()
})

function start(options: Partial<PollOptions> = {}): PolledStream {
  const stream = pollSecurityEvents({
    transmitter: corporateIdp,
    endpointUrl,
    authorization: () => 'Bearer access-token',
    onSignals: (received) => signals.push(...received),
    onRefused: (error) => refused.push(error),
    clock: () => now,
    fetch: (_url, init) =>
      new Promise((resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        polls.push({
          body: JSON.parse(String(init?.body)),
          headers: init?.headers as Record<string, string>,
          async answer(status, content) {
            const before = polls.length
            resolve(content === undefined ? new Response(null, { status }) : Response.json(content, { status }))
            await vi.waitFor(() => expect(polls.length).toBeGreaterThan(before), { timeout: 65_000 })
          },
        })
      }),
    ...options,
  })
  streams.push(stream)
  return stream
}

const poll = async (index: number): Promise<Poll> => {
  await vi.waitFor(() => expect(polls.length).toBeGreaterThan(index))
  return polls[index] as Poll
}

async function set(
  tokenId: string,
  claims: Record<string, unknown> = {},
  key = testKeys.rsa,
): Promise<[string, string]> {
  const compact = await sign({
    header: { alg: 'RS256', typ: 'secevent+jwt', kid: testKeys.rsa.kid },
    claims: {
      iss: idpIssuer,
      aud: 'https://mcp.company.com/mcp',
      iat: now,
      jti: tokenId,
      sub_id: { format: 'iss_sub', iss: idpIssuer, sub: 'idp-alice' },
      events: { [accountDisabled]: {} },
      ...claims,
    },
    key,
  })
  return [tokenId, compact]
}

describe('the first poll', () => {
  it('is JSON with the credentials, and waits at the transmitter (RFC 8936 section 2.5)', async () => {
    start()
    const { body, headers } = await poll(0)
    expect(body).toEqual({ maxEvents: 100, returnImmediately: false })
    expect(headers).toMatchObject({ authorization: 'Bearer access-token', 'content-type': 'application/json' })
  })

  it('asks to be answered at once where polls are short', async () => {
    start({ polling: 'short', maxEvents: 7 })
    expect((await poll(0)).body).toEqual({ maxEvents: 7, returnImmediately: true })
  })
})

describe('what was received', () => {
  it('is acknowledged by the next poll, once its effect is kept', async () => {
    start()
    await (await poll(0)).answer(200, {
      sets: Object.fromEntries([await set('a'), await set('b')]),
      moreAvailable: true,
    })
    expect(signals.map((signal) => signal.kind === 'cut_off' && signal.subject)).toEqual(['kc-alice', 'kc-alice'])
    expect((await poll(1)).body).toMatchObject({ ack: ['a', 'b'] })
    await (await poll(1)).answer(200, { sets: {} })
    expect((await poll(2)).body).not.toHaveProperty('ack')
  })

  it('is waited for together where much came at once, and what was not kept comes again without the rest', async () => {
    let allBegin = (): void => {}
    const allBegan = new Promise<void>((resolve) => {
      allBegin = resolve
    })
    let kept = 0
    let begun = 0
    start({
      onSignals: async () => {
        const mine = ++begun
        if (mine === 25) allBegin()
        await allBegan
        if (mine === 8) throw new Error('the disk is full')
        kept++
      },
    })
    const sets = Object.fromEntries(await Promise.all(Array.from({ length: 25 }, (_, number) => set(`${number}`))))
    await (await poll(0)).answer(200, { sets })
    const { ack, setErrs } = (await poll(1)).body
    expect([new Set(ack as string[]).size, setErrs, kept]).toEqual([24, undefined, 24])
    await (await poll(1)).answer(200, { sets })
    expect(new Set((await poll(2)).body.ack as string[]).size).toBe(25)
    expect(kept).toBe(25)
  })

  it('is looked up for a hundred people at a time', async () => {
    const held: (() => void)[] = []
    const resolveSubject = async () => {
      await new Promise<void>((resolve) => held.push(resolve))
      return [{ issuer: 'https://sso.company.com/realms/company', subject: 'kc-alice' }]
    }
    start({ transmitter: { ...corporateIdp, resolveSubject }, maxEvents: 1_000 })
    const sets = Object.fromEntries(await Promise.all(Array.from({ length: 101 }, (_, number) => set(`${number}`))))
    const answered = (await poll(0)).answer(200, { sets })
    await vi.waitFor(() => expect(held).toHaveLength(100))
    held[0]?.()
    await vi.waitFor(() => expect(held).toHaveLength(101))
    for (const release of held) release()
    await answered
    expect((await poll(1)).body.ack).toHaveLength(101)
  })

  it('is acknowledged again when the acknowledgement was lost', async () => {
    start()
    await (await poll(0)).answer(200, { sets: Object.fromEntries([await set('a')]) })
    await (await poll(1)).answer(503)
    expect((await poll(2)).body).toMatchObject({ ack: ['a'] })
  })

  it('twice has one effect and two acknowledgements', async () => {
    start()
    await (await poll(0)).answer(200, { sets: Object.fromEntries([await set('a')]) })
    await (await poll(1)).answer(200, { sets: Object.fromEntries([await set('a')]) })
    expect((await poll(2)).body).toMatchObject({ ack: ['a'] })
    expect(signals).toHaveLength(1)
    expect(refused).toEqual([])
  })

  it.each([
    ['of another key', 'invalid_key', () => set('bad', {}, testKeys.attackerRsa)],
    ['for another audience', 'invalid_audience', () => set('bad', { aud: 'https://other.example' })],
    ['of another issuer', 'invalid_issuer', () => set('bad', { iss: 'https://evil.example' })],
    ['with exp', 'invalid_request', () => set('bad', { exp: now + 60 })],
    ['under another jti', 'invalid_request', async () => ['bad', (await set('other'))[1]] as [string, string]],
    ['that is no token', 'invalid_request', async () => ['bad', 'x'] as [string, string]],
  ])('%s is reported and has no effect, while the others are taken', async (_title, err, bad) => {
    start()
    await (await poll(0)).answer(200, { sets: Object.fromEntries([await bad(), await set('good')]) })
    const { body } = await poll(1)
    expect(body).toMatchObject({ ack: ['good'], setErrs: { bad: { err, description: expect.any(String) } } })
    expect(signals).toHaveLength(1)
    expect(refused.map(({ code }) => code)).toEqual([err])
  })

  it('about somebody who cannot be looked up now is neither, and is taken when it comes again', async () => {
    let isDown = true
    const resolveSubject = async () => {
      if (isDown) throw new Error('Keycloak does not answer')
      return [{ issuer: 'https://sso.company.com/realms/company', subject: 'kc-alice' }]
    }
    start({ transmitter: { ...corporateIdp, resolveSubject } })
    await (await poll(0)).answer(200, { sets: Object.fromEntries([await set('a')]) })
    expect((await poll(1)).body).not.toHaveProperty('ack')
    expect((await poll(1)).body).not.toHaveProperty('setErrs')
    isDown = false
    await (await poll(1)).answer(200, { sets: Object.fromEntries([await set('a')]) })
    expect((await poll(2)).body).toMatchObject({ ack: ['a'] })
  })

  it('a verification with a state that was not asked for is reported as invalid_state', async () => {
    start({ onStreamEvent: (event) => event.state === 'asked' })
    const verification = (state: string) => ({
      sub_id: { format: 'opaque', id: 'stream-1' },
      events: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { state } },
    })
    const sets = Object.fromEntries([await set('a', verification('other')), await set('b', verification('asked'))])
    await (await poll(0)).answer(200, { sets })
    expect((await poll(1)).body).toMatchObject({ ack: ['b'], setErrs: { a: { err: 'invalid_state' } } })
  })
})

describe('an answer that is none', () => {
  it.each([
    ['refuses', 401, undefined],
    ['fails', 500, undefined],
    ['is no JSON object', 200, []],
    ['has no sets', 200, {}],
    ['has sets that are no texts', 200, { sets: { a: 1 } }],
  ])('that %s shows in the state, and the polls go on', async (_title, status, content) => {
    const stream = start()
    await (await poll(0)).answer(status, content)
    expect(stream.state()).toMatchObject({
      feed: 'ssf_poll',
      issuer: idpIssuer,
      stale: true,
      error: expect.any(String),
    })
    await (await poll(1)).answer(200, { sets: {} })
    expect(stream.state()).toMatchObject({ lastSuccessAt: now, stale: false, error: undefined })
  })
})

it('a transmitter that answers long polls at once is not asked without a pause', async () => {
  const before = Date.now()
  start({ intervalMs: 1_000 })
  await (await poll(0)).answer(200, { sets: {} })
  expect(Date.now() - before).toBeGreaterThanOrEqual(950)
})

it.each([
  ['http://idp.company.com/poll', {}],
  [endpointUrl, { maxEvents: 0 }],
  [endpointUrl, { intervalMs: 49 }],
  [endpointUrl, { requestTimeoutMs: 300_001 }],
])('refuses settings that are out of bounds: %s %j', (address, options) => {
  expect(() => start({ endpointUrl: address, ...options })).toThrow(TypeError)
})

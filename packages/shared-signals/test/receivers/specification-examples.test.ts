import { publicKeySet, testKeys } from '@mcp-identity/test-kit'
import { createLocalJWKSet } from 'jose'
import { describe, expect, it } from 'vitest'
import { readSubjectIdentifier } from '../../src/receivers/subject-identifier.ts'
import type { Signal } from '../../src/signal.ts'
import { post, sign, startReceiving } from './sender.ts'
import printed from './specification-examples.json' with { type: 'json' }

const { examples } = printed
const keys = createLocalJWKSet(publicKeySet(testKeys.rsa) as never)

interface Example {
  source: string
  title: string
  claims: Record<string, unknown> & { iss: string; iat: number; aud: string | string[] }
}

/** Pushes the claims that a specification prints to a receiver of its transmitter, at the moment of its `iat`. */
async function receive({ claims }: Example) {
  const issuers = new Set<string>([claims.iss])
  for (const [, issuer] of JSON.stringify(claims).matchAll(/"iss":"([^"]+)"/g)) issuers.add(issuer as string)
  const receiving = startReceiving({
    transmitters: [{ issuer: claims.iss, audience: claims.aud, keys, speaksFor: [...issuers] }],
    clock: () => claims.iat,
  })
  const set = await sign({
    header: { alg: 'RS256', typ: 'secevent+jwt', kid: testKeys.rsa.kid },
    claims,
    key: testKeys.rsa,
  })
  const answer = await post(receiving, 'ssf', set, 'application/secevent+jwt')
  return { answer, ...receiving }
}

const told = (signals: Signal[]) =>
  signals.map((signal) => {
    const { subject, sessionId, tokenId, email } = signal as Extract<Signal, { kind: 'cut_off' }>
    const name = sessionId ?? tokenId ?? subject ?? email ?? 'everybody of the issuer'
    return `${signal.kind === 'cut_off' ? signal.cause : signal.kind} of ${name}`
  })

/** What each example does, by its place in the file; `refused` where the subject cannot name an access token. */
const effects: (string[] | 'refused')[] = [
  [],
  [],
  'refused',
  ['permissions_changed of everybody of the issuer'],
  ['session_revoked of jane.smith@example.com'],
  ['permissions_changed of everybody of the issuer'],
  'refused',
  [],
  [],
  ['session_revoked of dMTlD|1600802906337.16|16008.16', 'session_revoked of dMTlD|1600802906337.16|16008.16'],
  ['session_revoked of dMTlD|1600802906337.16|16008.16'],
  ['session_revoked of jane.smith@example.com'],
  ['permissions_changed of everybody of the issuer'],
  ['permissions_changed of everybody of the issuer'],
  'refused',
  [],
  [],
  ['assurance_level_changed of jane.smith@example.com'],
  [],
  [],
  [],
  [],
  ['credential_changed of 7375626A656374'],
  ['account_disabled of 7375626A656374'],
  ['account_disabled of 7375626A656374'],
]

describe('SETs as the specifications print them', () => {
  const cases = (examples as unknown as Example[]).map((example, index) => ({ ...example, effect: effects[index] }))

  it.each(cases)('$source, $title', async ({ effect, ...example }) => {
    const { answer, signals } = await receive(example)
    if (effect === 'refused') expect([answer.status, answer.body.err]).toEqual([400, 'invalid_request'])
    else expect(answer).toMatchObject({ status: 202, body: {} })
    expect(told(signals)).toEqual(effect === 'refused' ? [] : effect)
  })

  it('every one of them has an expectation', () => expect(effects).toHaveLength(examples.length))

  it('RFC 8936 figure 6: unsigned ones are refused', async () => {
    const unsigned = 'eyJhbGciOiJub25lIn0.eyJqdGkiOiI0ZDM1NTllYzY3NTA0YWFiYTY1ZDQwYjAzNjNmYWFkOCJ9.'
    const answer = await post(startReceiving(), 'ssf', unsigned, 'application/secevent+jwt')
    expect([answer.status, answer.body.err]).toEqual([400, 'invalid_request'])
  })

  it('the stream’s own events tell its id, state and status', async () => {
    const streamEvents = (
      await Promise.all(examples.slice(7, 9).map((example) => receive(example as unknown as Example)))
    ).flatMap((each) => each.streamEvents)
    expect(streamEvents).toMatchObject([
      {
        type: 'verification',
        streamId: 'f67e39a0a4d34d56b3aa1bc4cff0069f',
        state: 'VGhpcyBpcyBhbiBleGFtcGxlIHN0YXRlIHZhbHVlLgo=',
      },
      {
        type: 'stream_updated',
        streamId: 'f67e39a0a4d34d56b3aa1bc4cff0069f',
        status: 'paused',
        reason: 'Internal error',
      },
    ])
  })
})

describe('subject identifiers as RFC 9493 prints them', () => {
  const transmitter = { issuer: 'https://issuer.example.com/', audience: 'x', keys }
  const issuer = transmitter.issuer
  it.each([
    [
      '3.2.1',
      { format: 'account', uri: 'acct:example.user@service.example.com' },
      [{ issuer, email: 'example.user@service.example.com' }],
    ],
    ['3.2.2', { format: 'email', email: 'user@example.com' }, [{ issuer, email: 'user@example.com' }]],
    [
      '3.2.3',
      { format: 'iss_sub', iss: 'https://issuer.example.com/', sub: '145234573' },
      [{ issuer, subject: '145234573' }],
    ],
    ['3.2.4', { format: 'opaque', id: '11112222333344445555' }, [{ issuer, subject: '11112222333344445555' }]],
    [
      '3.2.8, of which the telephone number is no name of a token',
      {
        format: 'aliases',
        identifiers: [
          { format: 'email', email: 'user@example.com' },
          { format: 'phone_number', phone_number: '+12065550100' },
          { format: 'email', email: 'user+qualifier@example.com' },
        ],
      },
      [
        { issuer, email: 'user@example.com' },
        { issuer, email: 'user+qualifier@example.com' },
      ],
    ],
  ])('section %s', async (_section, identifier, names) => {
    expect(await readSubjectIdentifier(identifier, transmitter)).toEqual(names)
  })

  it.each([
    ['3.2.5', { format: 'phone_number', phone_number: '+12065550100' }],
    ['3.2.6', { format: 'did', url: 'did:example:123456' }],
    ['3.2.7', { format: 'uri', uri: 'https://user.example.com/' }],
  ])('section %s names no token and is refused', async (_section, identifier) => {
    await expect(async () => readSubjectIdentifier(identifier, transmitter)).rejects.toThrow('not supported')
  })
})

it('OpenID Connect Back-Channel Logout section 2.4: the logout token as printed', async () => {
  const claims = {
    iss: 'https://server.example.com',
    sub: '248289761001',
    aud: 's6BhdRkqt3',
    iat: 1_471_566_154,
    exp: 1_471_569_754,
    jti: 'bWJq',
    sid: '08a5019c-17e1-4977-8f42-65a12843ea02',
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  }
  const receiving = startReceiving({
    transmitters: [{ issuer: claims.iss, audience: claims.aud, keys }],
    clock: () => claims.iat,
  })
  const header = { alg: 'RS256', typ: 'logout+jwt', kid: testKeys.rsa.kid }
  const form = new URLSearchParams({ logout_token: await sign({ header, claims, key: testKeys.rsa }) })
  const answer = await post(receiving, 'backchannel-logout', form.toString(), 'application/x-www-form-urlencoded')
  expect(answer.status).toBe(200)
  expect(told(receiving.signals)).toEqual(['session_ended of 08a5019c-17e1-4977-8f42-65a12843ea02'])
})

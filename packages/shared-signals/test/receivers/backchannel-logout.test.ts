import { testKeys } from '@mcp-identity/test-kit'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type Change,
  changed,
  corporateIdp,
  idpIssuer,
  keycloakIssuer,
  type Message,
  now,
  post,
  type Receiving,
  sign,
  startReceiving,
} from './sender.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
let receiving: Receiving
let serial = 0

beforeEach(() => {
  receiving = startReceiving()
})

const logoutToken = (): Message => ({
  header: { alg: 'RS256', typ: 'logout+jwt', kid: testKeys.rsa.kid },
  claims: {
    iss: idpIssuer,
    aud: 'https://mcp.company.com/mcp',
    iat: now,
    exp: now + 120,
    jti: `logout-${++serial}`,
    sub: 'idp-alice',
    events: { [event]: {} },
  },
  key: testKeys.rsa,
})

const send = (compact: string) =>
  post(
    receiving,
    'backchannel-logout',
    new URLSearchParams({ logout_token: compact }).toString(),
    'application/x-www-form-urlencoded',
  )

const unsigned = (message: Message, header: object): string => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ ...message.header, ...header })}.${part(message.claims)}.`
}

describe('a valid logout token', () => {
  it('of a person ends all tokens of the person behind the broker, and is answered 200 and kept by no cache', async () => {
    const answer = await send(await sign(logoutToken()))
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const token = { issuer: keycloakIssuer, subject: 'kc-alice', issuedAt: now }
    expect(receiving.state.reasonRefused(token)).toBe('logged_out')
    expect(receiving.state.reasonRefused({ ...token, subject: 'kc-anna' })).toBeUndefined()
    expect(receiving.state.reasonRefused({ ...token, issuedAt: now + 1 })).toBeUndefined()
  })

  it('ends what was issued until the event that it names, and what was under way then, however late it was signed', async () => {
    const message = logoutToken()
    message.claims.toe = now - 60
    await send(await sign(message))
    const token = { issuer: keycloakIssuer, subject: 'kc-alice' }
    expect(receiving.state.reasonRefused({ ...token, issuedAt: now - 58 })).toBe('logged_out')
    expect(receiving.state.reasonRefused({ ...token, issuedAt: now - 57 })).toBeUndefined()
  })

  it('of the tokens’ own issuer with a session ends that session only', async () => {
    const message = logoutToken()
    message.header = { alg: 'ES256', typ: 'logout+jwt', kid: testKeys.p256.kid }
    message.claims = { ...message.claims, iss: keycloakIssuer, sub: 'kc-alice', sid: 'session-1' }
    expect((await send(await sign({ ...message, key: testKeys.p256 }))).status).toBe(200)
    const token = { issuer: keycloakIssuer, subject: 'kc-alice', sessionId: 'session-1', issuedAt: now }
    expect(receiving.state.reasonRefused(token)).toBe('session_ended')
    expect(receiving.state.reasonRefused({ ...token, sessionId: 'session-2' })).toBeUndefined()
  })

  it('may carry events of the sender’s own beside', async () => {
    const message = logoutToken()
    message.claims.events = { [event]: {}, revoke_offline_access: true }
    expect((await send(await sign(message))).status).toBe(200)
  })

  it('ends at once what is known of the person without asking, and is taken again until the look-up answered', async () => {
    const resolveSubject = async () => {
      throw new Error('Keycloak is down')
    }
    const recallSubject = () => [{ issuer: keycloakIssuer, subject: 'kc-alice' }]
    receiving = startReceiving({ transmitters: [{ ...corporateIdp, resolveSubject, recallSubject }] })
    expect((await send(await sign(logoutToken()))).status).toBe(503)
    expect(receiving.state.reasonRefused({ issuer: keycloakIssuer, subject: 'kc-alice', issuedAt: now })).toBe(
      'logged_out',
    )
  })

  it('hands over once whom it knows without asking, and then whom else the look-up finds', async () => {
    const names = ['kc-alice', 'kc-alice-2'].map((subject) => ({ issuer: keycloakIssuer, subject }))
    const resolveSubject = async () => names
    const recallSubject = () => names.slice(0, 1)
    receiving = startReceiving({ transmitters: [{ ...corporateIdp, resolveSubject, recallSubject }] })
    expect((await send(await sign(logoutToken()))).status).toBe(200)
    expect(receiving.signals.map((signal) => signal.kind === 'cut_off' && signal.subject)).toEqual([
      'kc-alice',
      'kc-alice-2',
    ])
  })

  it('about somebody who never signed in here does nothing', async () => {
    const message = logoutToken()
    message.claims.sub = 'idp-stranger'
    expect((await send(await sign(message))).status).toBe(200)
    expect(receiving.signals).toEqual([])
  })
})

describe('refused with 400 and without effect', () => {
  const changes: [string, Change][] = [
    ['another issuer', { claims: { iss: 'https://evil.example' } }],
    ['no issuer', { claims: { iss: undefined } }],
    ['another audience', { claims: { aud: 'https://other.example' } }],
    ['no audience', { claims: { aud: undefined } }],
    ['no events', { claims: { events: undefined } }],
    ['events without the logout', { claims: { events: { other: {} } } }],
    ['events as a list', { claims: { events: [event] } }],
    ['a logout event that is no object', { claims: { events: { [event]: true } } }],
    ['a nonce', { claims: { nonce: 'n' } }],
    ['neither sub nor sid', { claims: { sub: undefined } }],
    ['an empty sub', { claims: { sub: '' } }],
    ['a sub that is no text', { claims: { sub: ['idp-alice'] } }],
    ['only a session that this server cannot know', { claims: { sub: undefined, sid: 's' } }],
    ['an expiry that has passed', { claims: { exp: now - 6 } }],
    ['no expiry', { claims: { exp: undefined } }],
    ['no iat', { claims: { iat: undefined } }],
    ['an iat in the future', { claims: { iat: now + 6 } }],
    ['an iat long ago', { claims: { iat: now - 306, exp: now + 60 } }],
    ['no jti', { claims: { jti: undefined } }],
    ['the type of an access token', { header: { typ: 'at+jwt' } }],
    ['the type of an ID token', { header: { typ: 'JWT' } }],
    ['no type', { header: { typ: undefined } }],
    ['a key that is not the issuer’s', { key: testKeys.attackerRsa }],
    ['an algorithm that is not allowed', { header: { alg: 'ES384' }, key: testKeys.p384 }],
  ]
  it.each(changes)('%s', async (_title, change) => {
    const answer = await send(await sign(changed(logoutToken(), change)))
    expect(answer.status).toBe(400)
    expect(answer.body.error).toMatch(/^invalid_/)
    expect(receiving.signals).toEqual([])
  })

  it('a header that has to be understood', async () => {
    const [header = '', payload, signature] = (await sign(logoutToken())).split('.')
    const critical = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), crit: ['exp'], exp: now + 60 }
    const compact = `${Buffer.from(JSON.stringify(critical)).toString('base64url')}.${payload}.${signature}`
    expect((await send(compact)).status).toBe(400)
  })

  it.each(['none', 'None', 'HS256'])('the algorithm %s', async (alg) => {
    const compact = unsigned(logoutToken(), { alg })
    expect((await send(compact)).status).toBe(400)
    expect((await send(`${compact}AAAA`)).status).toBe(400)
    expect(receiving.signals).toEqual([])
  })

  it('a token that was received before', async () => {
    const compact = await sign(logoutToken())
    await send(compact)
    const again = await send(compact)
    expect([again.status, again.body.error_description]).toEqual([400, 'this message was received before'])
    expect(receiving.signals).toHaveLength(1)
  })

  it.each([
    ['whitespace around it', (compact: string) => ` ${compact}`],
    ['padding', (compact: string) => `${compact}==`],
    ['a fourth part', (compact: string) => `${compact}.x`],
    ['nothing', () => ''],
    ['garbage', () => 'not.a.token'],
  ])('%s', async (_title, spoil) => {
    expect((await send(spoil(await sign(logoutToken())))).status).toBe(400)
    expect(receiving.signals).toEqual([])
  })

  it('two tokens at once, no token, or another media type', async () => {
    const compact = await sign(logoutToken())
    const form = 'application/x-www-form-urlencoded'
    const bodies: [string, string][] = [
      [`logout_token=${compact}&logout_token=${compact}`, form],
      ['token=x', form],
      [JSON.stringify({ logout_token: compact }), 'application/json'],
    ]
    for (const [body, type] of bodies)
      expect((await post(receiving, 'backchannel-logout', body, type)).status).toBe(400)
    expect(receiving.signals).toEqual([])
  })

  it('echoes nothing of what was sent', async () => {
    const message = logoutToken()
    message.claims.iss = 'https://<script>.example'
    expect(JSON.stringify((await send(await sign(message))).body)).not.toContain('<')
  })
})

it('answers GET with 405 and a body of a megabyte with 413, without effect', async () => {
  const get = await receiving.receivers.handle(new Request('https://mcp.company.com/signals/backchannel-logout'))
  expect([get?.status, get?.headers.get('allow')]).toEqual([405, 'POST'])
  expect((await send('x'.repeat(1_000_000))).status).toBe(413)
})

it('stops listening to an address that sends nothing but refused tokens, for ten seconds', async () => {
  receiving = startReceiving({ refusalsPerAddress: 5 })
  const valid = await sign(logoutToken())
  for (let i = 0; i < 5; i++) await send('not.a.token')
  expect((await send(valid)).status).toBe(429)
  receiving.clock.now += 10
  expect((await send(valid)).status).toBe(200)
})

it('asks the sender to come again when the person cannot be looked up, and takes the token then', async () => {
  let isDown = true
  const resolveSubject = async () => {
    if (isDown) throw new Error('Keycloak is down')
    return [{ issuer: keycloakIssuer, subject: 'kc-alice' }]
  }
  receiving = startReceiving({ transmitters: [{ ...corporateIdp, resolveSubject }] })
  const compact = await sign(logoutToken())
  const deferred = await send(compact)
  expect([deferred.status, deferred.headers.get('retry-after')]).toEqual([503, '5'])
  isDown = false
  expect((await send(compact)).status).toBe(200)
  expect(receiving.signals).toHaveLength(1)
})

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

const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/'
const alice = { format: 'iss_sub', iss: keycloakIssuer, sub: 'kc-alice' }
let receiving: Receiving
let serial = 0

beforeEach(() => {
  receiving = startReceiving()
})

const securityEvent = (type = `${risc}account-disabled`, event: object = {}, subject: unknown = alice): Message => ({
  header: { alg: 'RS256', typ: 'secevent+jwt', kid: testKeys.rsa.kid },
  claims: {
    iss: idpIssuer,
    aud: 'https://mcp.company.com/mcp',
    iat: now,
    jti: `set-${++serial}`,
    sub_id: subject,
    events: { [type]: event },
  },
  key: testKeys.rsa,
})

const push = (compact: string, headers: Record<string, string> = {}) =>
  post(receiving, 'ssf', compact, 'application/secevent+jwt', headers)
const token = {
  issuer: keycloakIssuer,
  subject: 'kc-alice',
  sessionId: 's1',
  issuedAt: now,
  caller: { email: 'alice@company.com' },
}

describe('events', () => {
  const cutOffs: [string, object, string][] = [
    [`${caep}session-revoked`, { event_timestamp: now }, 'session_revoked'],
    [`${caep}credential-change`, { change_type: 'update', credential_type: 'password' }, 'credential_changed'],
    [`${caep}credential-change`, { change_type: 'revoke' }, 'credential_changed'],
    [`${caep}assurance-level-change`, { change_direction: 'decrease' }, 'assurance_level_changed'],
    [`${risc}account-disabled`, { reason: 'hijacking' }, 'account_disabled'],
    [`${risc}account-purged`, {}, 'account_deleted'],
    [`${risc}sessions-revoked`, {}, 'session_revoked'],
    [`${risc}credential-compromise`, {}, 'credential_changed'],
    [`${risc}identifier-recycled`, {}, 'identity_changed'],
  ]
  it.each(cutOffs)('%s %j ends the person’s tokens', async (type, event, cause) => {
    const answer = await push(await sign(securityEvent(type, event)))
    expect([answer.status, answer.body]).toEqual([202, {}])
    expect(receiving.state.reasonRefused(token)).toBe(cause)
  })

  it('token-claims-change puts permissions in doubt and ends nothing', async () => {
    await push(await sign(securityEvent(`${caep}token-claims-change`, { claims: { groups: [] } })))
    expect(receiving.state.reasonRefused(token)).toBeUndefined()
    expect(receiving.state.permissionsChangedSince(token, [])).toBe(true)
  })

  it.each([
    [`${risc}account-enabled`, {}],
    [`${caep}assurance-level-change`, { change_direction: 'increase' }],
    [`${caep}credential-change`, { change_type: 'create' }],
    ['https://example.com/event-type/unknown', {}],
  ])('%s %j is acknowledged and does nothing', async (type, event) => {
    expect((await push(await sign(securityEvent(type, event)))).status).toBe(202)
    expect(receiving.signals).toEqual([])
  })

  it('enabling never revives a token that was ended, whichever comes first', async () => {
    await push(await sign(securityEvent(`${risc}account-disabled`)))
    await push(await sign(securityEvent(`${risc}account-enabled`)))
    expect(receiving.state.reasonRefused(token)).toBe('account_disabled')
  })

  it('of the stream are told and end nothing', async () => {
    await push(await sign(securityEvent(`${ssf}verification`, { state: 'abc' }, { format: 'opaque', id: 'stream-1' })))
    await push(
      await sign(securityEvent(`${ssf}stream-updated`, { status: 'paused' }, { format: 'opaque', id: 'stream-1' })),
    )
    expect(receiving.streamEvents).toMatchObject([
      { type: 'verification', state: 'abc' },
      { type: 'stream_updated', status: 'paused' },
    ])
    expect(receiving.signals).toEqual([])
  })
})

describe('times', () => {
  const notBeforeOf = async (event: object, iat = now, claims: object = {}) => {
    const message = securityEvent(`${caep}session-revoked`, event)
    await push(await sign({ ...message, claims: { ...message.claims, ...claims, iat } }))
    const signal = receiving.signals.at(-1)
    return signal?.kind === 'cut_off' ? signal.notBefore : undefined
  }

  it('an event that arrives at once counts up to now', async () => {
    expect(await notBeforeOf({ event_timestamp: now - 1 })).toBe(now)
  })

  it('one that was held up counts up to its own time and what was under way then', async () => {
    expect(await notBeforeOf({ event_timestamp: now - 600 })).toBe(now - 598)
  })

  it('one that says no time happened no later than its message says', async () => {
    expect(await notBeforeOf({}, now - 5, { toe: now - 600 })).toBe(now - 598)
  })

  it('nor than its message was signed', async () => {
    expect(await notBeforeOf({}, now - 600)).toBe(now - 598)
    expect(await notBeforeOf({ event_timestamp: now + 86_400 }, now - 600)).toBe(now - 598)
  })

  it('one from a clock ahead of ours, or to a clock of ours behind, counts up to its own time', async () => {
    expect(await notBeforeOf({ event_timestamp: now + 4 }, now + 4)).toBe(now + 4)
  })

  it('milliseconds are understood', async () => {
    expect(await notBeforeOf({ event_timestamp: (now - 600) * 1000 })).toBe(now - 598)
  })
})

describe('subjects (RFC 9493)', () => {
  const named: [string, unknown][] = [
    ['the tokens’ issuer and subject', alice],
    ['the transmitter’s own subject, through the broker', { format: 'iss_sub', iss: idpIssuer, sub: 'idp-alice' }],
    ['an opaque id of the transmitter', { format: 'opaque', id: 'idp-alice' }],
    ['an address', { format: 'email', email: 'Alice@company.com' }],
    ['an account', { format: 'account', uri: 'acct:alice@company.com' }],
    ['aliases', { format: 'aliases', identifiers: [{ format: 'email', email: 'x@company.com' }, alice] }],
    ['a complex subject', { format: 'complex', user: alice, tenant: { format: 'opaque', id: 't' } }],
    [
      'a complex subject with all sessions, as Keycloak writes it',
      { format: 'complex', user: alice, session: { format: 'opaque', id: 'ALL' } },
    ],
  ]
  it.each(named)('%s', async (_title, subject) => {
    expect((await push(await sign(securityEvent(`${caep}session-revoked`, {}, subject)))).status).toBe(202)
    expect(receiving.state.reasonRefused(token)).toBe('session_revoked')
    expect(
      receiving.state.reasonRefused({ ...token, subject: 'kc-anna', caller: { email: 'anna@company.com' } }),
    ).toBeUndefined()
  })

  it('a session of a user is that session only', async () => {
    const subject = { format: 'complex', user: alice, session: { format: 'opaque', id: 's1' } }
    await push(await sign(securityEvent(`${caep}session-revoked`, {}, subject)))
    expect(receiving.state.reasonRefused(token)).toBe('session_revoked')
    expect(receiving.state.reasonRefused({ ...token, sessionId: 's2' })).toBeUndefined()
  })

  it('a token by its id', async () => {
    const subject = { format: 'jwt_id', iss: keycloakIssuer, jti: 'token-1' }
    await push(await sign(securityEvent(`${caep}session-revoked`, {}, subject)))
    expect(receiving.state.reasonRefused({ ...token, tokenId: 'token-1' })).toBe('session_revoked')
    expect(receiving.state.reasonRefused(token)).toBeUndefined()
  })

  const refused: [string, unknown][] = [
    [
      'of an issuer that is not the transmitter’s to speak about',
      { format: 'iss_sub', iss: 'https://other.example', sub: 'x' },
    ],
    ['that is missing', null],
    ['that is a text', 'alice'],
    ['without a format', { iss: keycloakIssuer, sub: 'kc-alice' }],
    ['of a format that names no token', { format: 'phone_number', phone_number: '+12025550100' }],
    ['of a format that does not exist', { format: 'constructor' }],
    ['without its members', { format: 'iss_sub', iss: keycloakIssuer }],
    ['that is empty', { format: 'iss_sub', iss: keycloakIssuer, sub: '' }],
    ['that is only a device', { format: 'complex', device: { format: 'opaque', id: 'd' } }],
    ['with aliases of aliases of aliases', nested(4)],
    ['with too many aliases', { format: 'aliases', identifiers: Array(21).fill(alice) }],
  ]
  function nested(depth: number): object {
    return depth === 0 ? alice : { format: 'aliases', identifiers: [nested(depth - 1)] }
  }
  it.each(refused)('are refused: one %s', async (_title, subject) => {
    const answer = await push(await sign(securityEvent(`${caep}session-revoked`, {}, subject)))
    expect([answer.status, answer.body.err]).toEqual([400, 'invalid_request'])
    expect(receiving.signals).toEqual([])
  })
})

describe('refused with 400, an error of RFC 8935, and without effect', () => {
  const changes: [string, string, Change][] = [
    ['another issuer', 'invalid_issuer', { claims: { iss: 'https://evil.example' } }],
    ['another audience', 'invalid_audience', { claims: { aud: 'https://other.example' } }],
    ['another key', 'invalid_key', { key: testKeys.attackerRsa }],
    ['an exp', 'invalid_request', { claims: { exp: now + 60 } }],
    ['a sub', 'invalid_request', { claims: { sub: 'kc-alice' } }],
    ['no events', 'invalid_request', { claims: { events: undefined } }],
    ['empty events', 'invalid_request', { claims: { events: {} } }],
    ['an event that is no object', 'invalid_request', { claims: { events: { [`${risc}account-disabled`]: null } } }],
    [
      'too many events',
      'invalid_request',
      { claims: { events: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`urn:${i}`, {}])) } },
    ],
    ['no jti', 'invalid_request', { claims: { jti: undefined } }],
    ['an iat in the future', 'invalid_request', { claims: { iat: now + 6 } }],
    ['an iat older than a week', 'invalid_request', { claims: { iat: now - 7 * 86_400 - 6 } }],
    ['the type of a logout token', 'invalid_request', { header: { typ: 'logout+jwt' } }],
  ]
  it.each(changes)('%s', async (_title, err, change) => {
    const answer = await push(await sign(changed(securityEvent(), change)))
    expect([answer.status, answer.body.err]).toEqual([400, err])
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(receiving.signals).toEqual([])
  })

  it('a SET that was received before, also under a second signature', async () => {
    const message = securityEvent()
    await push(await sign(message))
    expect((await push(await sign({ ...message, claims: { ...message.claims } }))).status).toBe(400)
    expect(receiving.signals).toHaveLength(1)
  })

  it('another media type', async () => {
    expect((await post(receiving, 'ssf', await sign(securityEvent()), 'application/jwt')).status).toBe(400)
  })
})

describe('the secret of a stream', () => {
  beforeEach(() => {
    receiving = startReceiving({ transmitters: [{ ...corporateIdp, authorizationHeader: 'Bearer push-secret' }] })
  })

  it('is asked for beside the signature', async () => {
    const without = await push(await sign(securityEvent()))
    expect([without.status, without.body.err]).toEqual([401, 'authentication_failed'])
    expect((await push(await sign(securityEvent()), { authorization: 'Bearer push-secre' })).status).toBe(401)
    expect(receiving.signals).toEqual([])
    expect((await push(await sign(securityEvent()), { authorization: 'Bearer push-secret' })).status).toBe(202)
  })

  it('is listened to while a flood of forged messages comes from the same address', async () => {
    receiving = startReceiving({
      transmitters: [{ ...corporateIdp, authorizationHeader: 'Bearer push-secret' }],
      refusalsPerAddress: 10,
    })
    for (let i = 0; i < 10; i++) expect((await push('a.b.c')).status).toBe(400)
    expect((await push('a.b.c')).status).toBe(429)
    expect((await push(await sign(securityEvent()))).status).toBe(429)
    expect((await push(await sign(securityEvent()), { authorization: 'Bearer push-secret' })).status).toBe(202)
    expect(receiving.signals).toHaveLength(1)
  })
})

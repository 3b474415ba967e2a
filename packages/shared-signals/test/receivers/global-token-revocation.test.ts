import { testKeys } from '@mcp-identity/test-kit'
import { beforeEach, describe, expect, it } from 'vitest'
import { settlingSeconds } from '../../src/effective-time.ts'
import {
  baseUrl,
  type Change,
  changed,
  idpIssuer,
  keycloakIssuer,
  type Message,
  now,
  post,
  type Receiving,
  sign,
  startReceiving,
} from './sender.ts'

const alice = { format: 'iss_sub', iss: idpIssuer, sub: 'idp-alice' }
let receiving: Receiving
let serial = 0

beforeEach(() => {
  receiving = startReceiving()
})

const credentials = (): Message => ({
  header: { alg: 'RS256', typ: 'global-token-revocation+jwt', kid: testKeys.rsa.kid },
  claims: {
    iss: idpIssuer,
    sub: 'revoker',
    aud: `${baseUrl}/global-token-revocation`,
    iat: now,
    exp: now + 60,
    jti: `gtr-${++serial}`,
  },
  key: testKeys.rsa,
})

async function revoke(subject: unknown, change: Change = {}) {
  const message = changed(credentials(), change)
  const headers = { authorization: `Bearer ${await sign(message)}` }
  return post(receiving, 'global-token-revocation', JSON.stringify({ sub_id: subject }), 'application/json', headers)
}

it.each([
  ['by issuer and subject', alice],
  ['by address', { format: 'email', email: 'alice@company.com' }],
])('ends every token of a person named %s and answers 204', async (_title, subject) => {
  expect((await revoke(subject)).status).toBe(204)
  const token = { issuer: keycloakIssuer, subject: 'kc-alice', issuedAt: now, caller: { email: 'alice@company.com' } }
  expect(receiving.state.reasonRefused(token)).toBe('global_token_revocation')
  expect(receiving.state.reasonRefused({ ...token, issuedAt: now + 1 })).toBeUndefined()
})

it('that comes again, to whichever receiver, ends nothing that was issued since', async () => {
  const other = startReceiving({ clock: () => now + 50 })
  const headers = { authorization: `Bearer ${await sign(credentials())}` }
  const body = JSON.stringify({ sub_id: alice })
  for (const each of [receiving, other])
    expect((await post(each, 'global-token-revocation', body, 'application/json', headers)).status).toBe(204)
  const token = { issuer: keycloakIssuer, subject: 'kc-alice' }
  for (const { state } of [receiving, other])
    expect(state.reasonRefused({ ...token, issuedAt: now })).toBe('global_token_revocation')
  expect(other.state.reasonRefused({ ...token, issuedAt: now + settlingSeconds })).toBe('global_token_revocation')
  expect(other.state.reasonRefused({ ...token, issuedAt: now + settlingSeconds + 1 })).toBeUndefined()
})

it('answers 404 when nobody is known by the name', async () => {
  expect((await revoke({ ...alice, sub: 'idp-stranger' })).status).toBe(404)
})

describe('refused with 401 and without effect', () => {
  const changes: [string, Change][] = [
    ['credentials for another endpoint', { claims: { aud: 'https://other.example/revoke' } }],
    ['credentials for the resource', { claims: { aud: 'https://mcp.company.com/mcp' } }],
    ['another type', { header: { typ: 'JWT' } }],
    ['another key', { key: testKeys.attackerRsa }],
    ['credentials that expired', { claims: { exp: now - 6 } }],
    ['credentials that never expire', { claims: { exp: undefined } }],
  ]
  it.each(changes)('%s', async (_title, change) => {
    expect((await revoke(alice, change)).status).toBe(401)
    expect(receiving.signals).toEqual([])
  })

  it('no credentials', async () => {
    const answer = await post(
      receiving,
      'global-token-revocation',
      JSON.stringify({ sub_id: alice }),
      'application/json',
    )
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })

  it('credentials that were used before', async () => {
    const headers = { authorization: `Bearer ${await sign(credentials())}` }
    const body = JSON.stringify({ sub_id: alice })
    expect((await post(receiving, 'global-token-revocation', body, 'application/json', headers)).status).toBe(204)
    expect((await post(receiving, 'global-token-revocation', body, 'application/json', headers)).status).toBe(401)
  })
})

it.each([
  ['', 'nothing'],
  ['{', 'broken JSON'],
  ['[]', 'a list'],
  ['{"subject":{}}', 'another member'],
])('answers 400 to %s (%s)', async (body) => {
  const headers = { authorization: `Bearer ${await sign(credentials())}` }
  expect((await post(receiving, 'global-token-revocation', body, 'application/json', headers)).status).toBe(400)
  expect(receiving.signals).toEqual([])
})

it('does not let a transmitter speak about people of another issuer', async () => {
  expect((await revoke({ format: 'iss_sub', iss: 'https://other.example', sub: 'x' })).status).toBe(400)
})

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import { claimsOf } from '../src/doors/door.ts'
import type { FaultStack } from './fault-stack.ts'
import type { SentSignal } from './signal-relay.ts'

/** A signal that must be refused. */
export interface Forgery {
  what: string
  signal: SentSignal
  /** What it has to be answered. */
  status: number
}

const paths = {
  push: '/signals/ssf',
  logout: '/signals/backchannel-logout',
  revocation: '/signals/global-token-revocation',
}
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const elsewhere = 'https://other.example'

/** What forgeries are made of: what the corporate IdP has really sent, its key, and one of a stranger. */
interface Material {
  iss: string
  resource: string
  /** Of whom the real signals tell. */
  sub: string
  realLogout: string
  realPush: SentSignal
  accessToken: string
  sign(claims: JWTPayload, typ: string): Promise<string>
  signAsStranger(claims: JWTPayload, typ: string): Promise<string>
}

/**
 * Every kind of signal that must have no effect, about a person of whom the corporate IdP has told before.
 *
 * @param accessToken A good one of hers.
 */
export async function forgeSignals(stack: FaultStack, accessToken: string): Promise<Forgery[]> {
  const material = await gather(stack, accessToken)
  return [...(await forgeLogouts(material)), ...(await forgePushes(material)), ...(await forgeRevocations(material))]
}

async function gather({ file, signals }: FaultStack, accessToken: string): Promise<Material> {
  const text = await readFile(join(file.dataDir, 'corporate-idp', 'keys.json'), 'utf8')
  const { signing } = JSON.parse(text) as { signing: JWK }
  const { alg = 'ES256', kid = '' } = signing
  const stranger = await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey)
  const signWith = (key: JWK) => async (claims: JWTPayload, typ: string) =>
    new SignJWT(claims).setProtectedHeader({ alg, kid, typ }).sign(await importJWK(key, alg))
  const sent = (path: string): SentSignal => {
    const found = signals.sent.findLast((signal) => signal.path === path)
    if (found === undefined) throw new Error(`nothing was sent to ${path}`)
    return found
  }
  const realLogout = new URLSearchParams(sent(paths.logout).body.toString()).get('logout_token') ?? ''
  return {
    iss: file.urls.corporateIdp,
    resource: file.urls.mcp,
    sub: claimsOf(realLogout).sub,
    realLogout,
    realPush: sent(paths.push),
    accessToken,
    sign: signWith(signing),
    signAsStranger: signWith(stranger),
  }
}

async function forgeLogouts({ iss, resource, sub, realLogout, accessToken, ...keys }: Material): Promise<Forgery[]> {
  const now = Math.floor(Date.now() / 1_000)
  const day = 86_400
  const type = 'logout+jwt'
  const claims = (change: JWTPayload = {}, without?: string): JWTPayload => {
    const about = {
      iss,
      aud: resource,
      sub,
      iat: now,
      exp: now + 120,
      jti: randomUUID(),
      events: { [logoutEvent]: {} },
    }
    return Object.fromEntries(Object.entries({ ...about, ...change }).filter(([name]) => name !== without))
  }
  const good = (change?: JWTPayload, without?: string) => keys.sign(claims(change, without), type)
  const [header, , signature] = realLogout.split('.')
  const tokens: Record<string, string | Promise<string>> = {
    'logout token of another key': keys.signAsStranger(claims(), type),
    'logout token without a signature': `${encode({ alg: 'none', typ: type })}.${encode(claims())}.`,
    'logout token with another payload': [header, encode(claims()), signature].join('.'),
    'logout token received before': realLogout,
    'logout token for another audience': good({ aud: elsewhere }),
    'logout token of another issuer': good({ iss: elsewhere }),
    'logout token of yesterday': good({ iat: now - day, exp: now - day + 120 }),
    'logout token of tomorrow': good({ iat: now + day, exp: now + day + 120 }),
    'logout token with a nonce': good({ nonce: 'n' }),
    'logout token about nobody': good({}, 'sub'),
    'logout token without events': good({}, 'events'),
    'logout token of another type': keys.sign(claims(), 'at+jwt'),
    'access token in place of a logout token': accessToken,
    'logout token that is none': 'a.b.c',
    'no logout token': '',
  }
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return forgeAll(tokens, 400, (token) => ({
    path: paths.logout,
    headers,
    body: Buffer.from(new URLSearchParams({ logout_token: token }).toString()),
  }))
}

/** With the secret of the stream, which whoever watches the network may have. */
async function forgePushes({ realPush, sign, signAsStranger }: Material): Promise<Forgery[]> {
  const type = 'secevent+jwt'
  const real = realPush.body.toString()
  const claims = (change: JWTPayload = {}): JWTPayload => ({ ...decode(real), jti: randomUUID(), ...change })
  const push = (token: string): SentSignal => ({ ...realPush, body: Buffer.from(token) })
  const forgeries = await forgeAll(
    {
      'SET of another key': signAsStranger(claims(), type),
      'SET for another audience': sign(claims({ aud: elsewhere }), type),
      'SET of another issuer': sign(claims({ iss: elsewhere }), type),
      'SET with an end': sign(claims({ exp: Math.floor(Date.now() / 1_000) + 60 }), type),
      'SET of another type': sign(claims(), 'logout+jwt'),
      'SET that is none': 'nothing',
    },
    400,
    push,
  )
  return [
    ...forgeries,
    { what: 'too long a SET', signal: push('a'.repeat(200_000)), status: 413 },
    {
      what: 'SET without the secret of the stream',
      signal: withoutSecret(push(await sign(claims(), type))),
      status: 401,
    },
  ]
}

function withoutSecret({ headers, ...signal }: SentSignal): SentSignal {
  const { authorization: _secret, ...others } = headers
  return { ...signal, headers: others }
}

async function forgeRevocations(material: Material): Promise<Forgery[]> {
  const { resource, accessToken, sign, signAsStranger } = material
  const claims = (change?: JWTPayload) => revocationClaims(material, change)
  const now = Math.floor(Date.now() / 1_000)
  return forgeAll(
    {
      'revocation by another key': signAsStranger(claims(), revocationType),
      'revocation for another endpoint': sign(claims({ aud: resource }), revocationType),
      'revocation of yesterday': sign(claims({ iat: now - 86_400, exp: now - 86_340 }), revocationType),
      'revocation by an access token': accessToken,
    },
    401,
    (token) => revocation(material, token),
  )
}

const revocationType = 'global-token-revocation+jwt'

function revocationClaims({ iss, resource }: Material, change: JWTPayload = {}): JWTPayload {
  const iat = Math.floor(Date.now() / 1_000)
  const aud = `${new URL(resource).origin}${paths.revocation}`
  return { iss, sub: iss, aud, iat, exp: iat + 60, jti: randomUUID(), ...change }
}

function revocation({ iss, sub }: Material, token: string): SentSignal {
  return {
    path: paths.revocation,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: Buffer.from(JSON.stringify({ sub_id: { format: 'iss_sub', iss, sub } })),
  }
}

/** A good revocation (Global Token Revocation) of all that the person has whom the corporate IdP told of last; it may be sent for a minute. */
export async function signRevocation(stack: FaultStack): Promise<SentSignal> {
  const material = await gather(stack, '')
  return revocation(material, await material.sign(revocationClaims(material), revocationType))
}

function forgeAll(
  tokens: Record<string, string | Promise<string>>,
  status: number,
  signalOf: (token: string) => SentSignal,
): Promise<Forgery[]> {
  return Promise.all(
    Object.entries(tokens).map(async ([what, token]) => ({ what, status, signal: signalOf(await token) })),
  )
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function decode(token: string): JWTPayload {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload
}

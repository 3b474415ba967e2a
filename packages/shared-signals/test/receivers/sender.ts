import { publicKeySet, type TestKey, testKeys } from '@mcp-identity/test-kit'
import { createLocalJWKSet, SignJWT } from 'jose'
import { createCutOffState } from '../../src/cut-off-state.ts'
import { createSignalReceivers, type SignalReceiversOptions } from '../../src/receivers/create-signal-receivers.ts'
import type { SignalOrigin, StreamEvent } from '../../src/receivers/receiver-context.ts'
import type { Transmitter } from '../../src/receivers/transmitter.ts'
import type { Signal } from '../../src/signal.ts'

export const now = 1_795_452_957
export const keycloakIssuer = 'https://sso.company.com/realms/company'
export const idpIssuer = 'https://idp.company.com'
const audience = 'https://mcp.company.com/mcp'
export const baseUrl = 'https://mcp.company.com/signals'

/** Claims and header of a message, to change one thing of. */
export interface Message {
  header: Record<string, unknown>
  claims: Record<string, unknown>
  key: TestKey
}

/** What makes a message different: members put over those of a valid one; `undefined` takes one out. */
export interface Change {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  key?: TestKey
}

export function changed(message: Message, { header, claims, key = message.key }: Change): Message {
  return { header: { ...message.header, ...header }, claims: { ...message.claims, ...claims }, key }
}

export function sign({ header, claims, key }: Message): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header as { alg: string }).sign(key.privateKey)
}

/** The corporate IdP: its subjects are found behind the broker, and alice's is known. */
export const corporateIdp: Transmitter = {
  issuer: idpIssuer,
  audience,
  keys: createLocalJWKSet(publicKeySet(testKeys.rsa) as never),
  speaksFor: [keycloakIssuer],
  resolveSubject: async (subject) => (subject === 'idp-alice' ? [{ issuer: keycloakIssuer, subject: 'kc-alice' }] : []),
}

/** Keycloak speaks about its own tokens. */
const realm: Transmitter = {
  issuer: keycloakIssuer,
  audience,
  keys: createLocalJWKSet(publicKeySet(testKeys.p256) as never),
}

export interface Receiving {
  receivers: ReturnType<typeof createSignalReceivers>
  signals: Signal[]
  origins: SignalOrigin[]
  streamEvents: StreamEvent[]
  state: ReturnType<typeof createCutOffState>
  clock: { now: number }
}

export function startReceiving(options: Partial<SignalReceiversOptions> = {}): Receiving {
  const clock = { now }
  const state = createCutOffState({ clock: () => clock.now, retentionSeconds: 3_660 })
  const received: Omit<Receiving, 'receivers'> = { signals: [], origins: [], streamEvents: [], state, clock }
  const receivers = createSignalReceivers({
    baseUrl,
    transmitters: [corporateIdp, realm],
    clock: () => clock.now,
    onSignals: (signals, origin) => {
      received.signals.push(...signals)
      received.origins.push(origin)
      for (const signal of signals) state.apply(signal)
    },
    onStreamEvent: (event) => received.streamEvents.push(event),
    ...options,
  })
  return { receivers, ...received }
}

export async function post(
  { receivers }: Receiving,
  path: string,
  body: string,
  contentType: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const request = new Request(`${baseUrl}/${path}`, {
    method: 'POST',
    headers: { 'content-type': contentType, ...headers },
    body,
  })
  const response = await receivers.handle(request, '192.0.2.1')
  if (response === undefined) throw new Error(`nothing is served at ${path}`)
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text), headers: response.headers }
}

import { randomUUID } from 'node:crypto'
import {
  createSignalTransmitter,
  eventTypes,
  type SecurityEvent,
  type SignalTransmitter,
  type StreamReceiver,
} from '@mcp-identity/shared-signals'
import { createTransmitterStore } from '@mcp-identity/shared-signals/sqlite'
import type { JWK } from 'jose'
import type { Provider } from 'oidc-provider'
import type { Logger } from 'pino'
import type { SignalReceiverConfig } from '../config.ts'
import type { CompanyDatabase } from '../database.ts'
import type { Person, PersonChange } from '../directory/person.ts'
import { signalScopes } from '../provider/provider.ts'

export interface SecurityEventsOptions {
  issuer: string
  /** Private key with `kid` and `alg`; the provider publishes its public half. */
  signingKey: () => JWK
  database: CompanyDatabase
  /** Issues the access tokens by which receivers show who they are. */
  provider: () => Provider
  receivers: readonly SignalReceiverConfig[]
  log: Logger
}

export interface SecurityEvents extends Pick<SignalTransmitter, 'handle' | 'kick' | 'countPending' | 'stop'> {
  /** Puts into every stream what a change of a person means. Part of the transaction that makes the change. */
  emit(person: Person, change: PersonChange): void
}

/**
 * Tells receivers by stream what happens to people: CAEP and RISC events over the Shared Signals Framework, pushed or
 * polled. Receivers set up their streams themselves, with access tokens of this OpenID Provider.
 */
export function createSecurityEvents(options: SecurityEventsOptions): SecurityEvents {
  const { issuer, signingKey, database, provider, receivers, log } = options
  const transmitter = createSignalTransmitter({
    issuer,
    jwksUri: `${issuer}/jwks`,
    signingKey,
    store: createTransmitterStore(database),
    authenticate,
    audienceOf: (name) => receivers.find(({ clientId }) => clientId === name)?.audience,
    eventsSupported: [
      eventTypes.accountDisabled,
      eventTypes.accountEnabled,
      eventTypes.credentialChange,
      eventTypes.sessionRevoked,
      eventTypes.tokenClaimsChange,
    ],
    mayPushTo: (endpointUrl, { name }) => receivers.find(({ clientId }) => clientId === name)?.pushTo === endpointUrl,
    onPushFailed: (failure) => log.warn(failure, 'security event was not taken'),
  })

  /** An access token of a receiver by client credentials; one of a person opens nothing here. */
  async function authenticate(request: Request): Promise<StreamReceiver | undefined> {
    const credentials = /^Bearer +([\w.~+/=-]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    const token = credentials === undefined ? undefined : await provider().ClientCredentials.find(credentials)
    const receiver = receivers.find(({ clientId }) => clientId === token?.clientId)
    const scopes = token?.scope?.split(' ') ?? []
    const mayManage = scopes.includes(signalScopes.manage)
    if (receiver === undefined || !(mayManage || scopes.includes(signalScopes.read))) return undefined
    return { name: receiver.clientId, audience: receiver.audience, mayManage }
  }

  return {
    handle: transmitter.handle,
    kick: transmitter.kick,
    countPending: transmitter.countPending,
    stop: transmitter.stop,
    emit({ subject }, change) {
      const transaction = randomUUID()
      for (const event of eventsOf(change)) {
        transmitter.emit({ ...event, subject: { format: 'iss_sub', iss: issuer, sub: subject }, transaction })
      }
    },
  }
}

/** What a change means to whoever trusts this IdP, most urgent first. */
function eventsOf({ active, groups, password }: PersonChange): Omit<SecurityEvent, 'subject'>[] {
  const events: Omit<SecurityEvent, 'subject'>[] = []
  if (active === false) {
    events.push({ type: eventTypes.accountDisabled })
    events.push({ type: eventTypes.sessionRevoked, event: byAdministrator('The account was disabled') })
  }
  if (active === true) events.push({ type: eventTypes.accountEnabled })
  if (password !== undefined) {
    const change = { credential_type: 'password', change_type: 'update' }
    events.push({
      type: eventTypes.credentialChange,
      event: { ...change, ...byAdministrator('The password was reset') },
    })
  }
  if (groups !== undefined) {
    const claims = { groups: [...groups] }
    events.push({
      type: eventTypes.tokenClaimsChange,
      event: { claims, ...byAdministrator('The groups were changed') },
    })
  }
  return events
}

/** Optional members of CAEP 1.0 section 2, of which the interoperability profile wants `reason_admin`. */
function byAdministrator(reason: string) {
  return { initiating_entity: 'admin', reason_admin: { en: reason } }
}

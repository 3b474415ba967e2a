import { inflateRawSync } from 'node:zlib'
import type { Element } from '@xmldom/xmldom'
import { nameIdFormats, namespaces } from './names.ts'
import { SamlError } from './saml-error.ts'
import type { RegisteredServiceProvider, ServiceProvider } from './service-provider.ts'
import { readSigned, verifyQuery } from './signature.ts'
import { attributeOf, childOf, childrenOf, parseXml, textOf } from './xml.ts'

/** A message as it came: in the query of an address, or in a form. */
export type ReceivedMessage =
  /** @param query Without the question mark, as it was sent. */
  { binding: 'redirect'; query: string } | { binding: 'post'; form: URLSearchParams }

/** Asks for somebody to be signed in (SAML Core 3.4.1). Verified. */
export interface AuthnRequest {
  id: string
  /** Where the response goes; one of those that the service provider registered. */
  assertionConsumerService: string
  /** Whether the person has to sign in although she is signed in. */
  forceAuthn: boolean
  /** Whether no page may be shown. */
  isPassive: boolean
  /** Whether this IdP has the kind of name that is asked for. */
  hasNameIdFormat: boolean
  relayState: string | undefined
}

/** Asks for a session to be ended (SAML Core 3.7.1). Verified. */
export interface LogoutRequest {
  id: string
  nameId: string
  sessionIndexes: string[]
  relayState: string | undefined
}

export interface ReceiveOptions {
  serviceProvider: RegisteredServiceProvider
  /** Address of the endpoint that took the message; the message must have been meant for it. */
  destination: string
  /** Milliseconds since the epoch. */
  clock?: () => number
}

/** A request is taken so long after it was made, and so much before, clocks being what they are. */
const acceptedAgeMs = 5 * 60_000
const longestMessage = 64 * 1024
/** SAML Bindings 3.4.3: at most 80 bytes; Keycloak sends more, so this is only a bound. */
const longestRelayState = 2048

/** @throws {SamlError} It is no request of the registered service provider for this endpoint. */
export async function receiveAuthnRequest(message: ReceivedMessage, options: ReceiveOptions): Promise<AuthnRequest> {
  const { request, serviceProvider, relayState } = await receive('AuthnRequest', message, options)
  const policy = childOf(request, namespaces.protocol, 'NameIDPolicy')
  const format = policy && attributeOf(policy, 'Format')
  const binding = attributeOf(request, 'ProtocolBinding')
  if (binding !== undefined && !binding.endsWith(':HTTP-POST')) throw new SamlError('responses go by POST only')
  return {
    id: idOf(request),
    assertionConsumerService: chooseAssertionConsumerService(request, serviceProvider),
    forceAuthn: isTrue(attributeOf(request, 'ForceAuthn')),
    isPassive: isTrue(attributeOf(request, 'IsPassive')),
    hasNameIdFormat:
      format === undefined || format === nameIdFormats.persistent || format === nameIdFormats.unspecified,
    relayState,
  }
}

/** @throws {SamlError} It is no request of the registered service provider for this endpoint. */
export async function receiveLogoutRequest(message: ReceivedMessage, options: ReceiveOptions): Promise<LogoutRequest> {
  const { request, relayState } = await receive('LogoutRequest', message, options)
  return {
    id: idOf(request),
    nameId: textOf(childOf(request, namespaces.assertion, 'NameID')),
    sessionIndexes: childrenOf(request, namespaces.protocol, 'SessionIndex').map(textOf),
    relayState,
  }
}

/** What every request has to pass before anything of it counts: signature first, then what it says. */
async function receive(
  name: 'AuthnRequest' | 'LogoutRequest',
  message: ReceivedMessage,
  { serviceProvider: registered, destination, clock = Date.now }: ReceiveOptions,
): Promise<{ request: Element; serviceProvider: ServiceProvider; relayState: string | undefined }> {
  const parameters = message.binding === 'redirect' ? new URLSearchParams(message.query) : message.form
  const relayState = parameters.get('RelayState') ?? undefined
  if (relayState !== undefined && relayState.length > longestRelayState) throw new SamlError('RelayState is too long')
  const text = decode(parameters.get('SAMLRequest') ?? '', message.binding)
  const verify = ({ signingKeys }: ServiceProvider): Element => {
    if (message.binding === 'post') return readSigned(text, signingKeys)
    verifyQuery(message.query, signingKeys)
    return parseXml(text)
  }
  let serviceProvider = await registered.read()
  let request: Element
  try {
    request = verify(serviceProvider)
  } catch (error) {
    // It may have a new key since its metadata was read.
    const again = await registered.readAgain()
    if (again === serviceProvider) throw error
    serviceProvider = again
    request = verify(serviceProvider)
  }
  checkRequest(request, name, registered.entityId, destination, clock())
  return { request, serviceProvider, relayState }
}

function decode(message: string, binding: ReceivedMessage['binding']): string {
  if (message === '') throw new SamlError('there is no SAMLRequest')
  const bytes = Buffer.from(message, 'base64')
  if (binding === 'post') return bytes.toString('utf8')
  try {
    return inflateRawSync(bytes, { maxOutputLength: longestMessage }).toString('utf8')
  } catch (cause) {
    throw new SamlError('SAMLRequest is not deflated, or too long', { cause })
  }
}

function checkRequest(request: Element, name: string, entityId: string, destination: string, nowMs: number): void {
  if (request.localName !== name || request.namespaceURI !== namespaces.protocol) {
    throw new SamlError(`this endpoint takes ${name}, found ${request.localName}`)
  }
  if (attributeOf(request, 'Version') !== '2.0') throw new SamlError('the version must be 2.0')
  if (textOf(childOf(request, namespaces.assertion, 'Issuer')) !== entityId) {
    throw new SamlError('the issuer is not a registered service provider')
  }
  if (attributeOf(request, 'Destination') !== destination)
    throw new SamlError('the request was meant for another place')
  const ageMs = nowMs - Date.parse(attributeOf(request, 'IssueInstant') ?? '')
  if (!(Math.abs(ageMs) <= acceptedAgeMs)) throw new SamlError('the request is too old, or from the future')
}

/** The one that the request names, by address or by number, among those that were registered; else the default one. */
function chooseAssertionConsumerService(request: Element, { assertionConsumerServices }: ServiceProvider): string {
  const url = attributeOf(request, 'AssertionConsumerServiceURL')
  const index = attributeOf(request, 'AssertionConsumerServiceIndex')
  const chosen = assertionConsumerServices.find(
    (service) => (url === undefined || service.url === url) && (index === undefined || service.index === index),
  )
  if (chosen === undefined) throw new SamlError('the response would go to a place that is not registered')
  return chosen.url
}

function idOf(request: Element): string {
  const id = attributeOf(request, 'ID') ?? ''
  if (/^[A-Za-z_][\w.-]{0,127}$/.test(id)) return id
  throw new SamlError('the request has no usable ID')
}

function isTrue(value: string | undefined): boolean {
  return value === 'true' || value === '1'
}

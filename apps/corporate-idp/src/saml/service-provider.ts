import { type KeyObject, X509Certificate } from 'node:crypto'
import type { Element } from '@xmldom/xmldom'
import { bindings, namespaces } from './names.ts'
import { SamlError, ServiceProviderUnavailableError } from './saml-error.ts'
import { attributeOf, childOf, childrenOf, parseXml, textOf } from './xml.ts'

/** A service provider, as its metadata describes it (SAML Metadata 2.4.4). */
export interface ServiceProvider {
  entityId: string
  /** Where responses may be sent by POST, the default one first. */
  assertionConsumerServices: { url: string; index: string | undefined }[]
  /** Where a LogoutRequest or a LogoutResponse goes by POST; absent: it takes none. */
  singleLogoutService: string | undefined
  signingKeys: KeyObject[]
}

export interface ServiceProviderOptions {
  /** Who it has to be: metadata of anybody else is refused. */
  entityId: string
  /** Where its metadata is. Whoever answers there is trusted as the service provider, so outside development: https. */
  metadataUrl: string
  /** How long metadata is taken from memory, in milliseconds. Default ten minutes. */
  keptForMs?: number
  /** The shortest time between two requests for it, in milliseconds. Default 5000. */
  cooldownMs?: number
  timeoutMs?: number
  fetch?: typeof globalThis.fetch
  /** Milliseconds since the epoch. */
  clock?: () => number
}

/** Knows one registered service provider by its metadata. */
export interface RegisteredServiceProvider {
  entityId: string
  /** @throws {ServiceProviderUnavailableError} Its metadata was never read, and cannot be read now. */
  read(): Promise<ServiceProvider>
  /** Reads the metadata anew, unless that was done moments ago: its keys may have changed. */
  readAgain(): Promise<ServiceProvider>
}

/** Reads the metadata when it is first needed, and again when it is old; while it cannot be had, what is known stays. */
export function registerServiceProvider(options: ServiceProviderOptions): RegisteredServiceProvider {
  const { entityId, metadataUrl, keptForMs = 600_000, cooldownMs = 5000, timeoutMs = 3000 } = options
  const { fetch = globalThis.fetch, clock = Date.now } = options
  let known: { serviceProvider: ServiceProvider; atMs: number } | undefined
  let request: Promise<ServiceProvider> | undefined

  async function load(): Promise<ServiceProvider> {
    const response = await fetch(metadataUrl, { signal: AbortSignal.timeout(timeoutMs) })
    if (!response.ok) throw new Error(`answered ${response.status}`)
    const serviceProvider = parseServiceProvider(await response.text(), entityId)
    known = { serviceProvider, atMs: clock() }
    return serviceProvider
  }

  async function readNewerThan(ageMs: number): Promise<ServiceProvider> {
    if (known !== undefined && clock() - known.atMs < ageMs) return known.serviceProvider
    request ??= load().finally(() => {
      request = undefined
    })
    try {
      return await request
    } catch (cause) {
      if (known !== undefined) return known.serviceProvider
      throw new ServiceProviderUnavailableError(`the metadata of ${entityId} cannot be read`, { cause })
    }
  }

  return { entityId, read: () => readNewerThan(keptForMs), readAgain: () => readNewerThan(cooldownMs) }
}

/** @throws {SamlError} It describes somebody else, or lacks what a service provider needs. */
export function parseServiceProvider(metadata: string, entityId: string): ServiceProvider {
  const entity = findEntity(parseXml(metadata), entityId)
  const descriptor = entity && childOf(entity, namespaces.metadata, 'SPSSODescriptor')
  if (descriptor === undefined) throw new SamlError(`the metadata does not describe ${entityId} as a service provider`)
  const assertionConsumerServices = childrenOf(descriptor, namespaces.metadata, 'AssertionConsumerService')
    .filter(isPost)
    .toSorted((one, other) => Number(isDefault(other)) - Number(isDefault(one)))
    .map((service) => ({ url: attributeOf(service, 'Location') ?? '', index: attributeOf(service, 'index') }))
  if (assertionConsumerServices.length === 0) throw new SamlError(`${entityId} takes no responses by POST`)
  const [logout] = childrenOf(descriptor, namespaces.metadata, 'SingleLogoutService').filter(isPost)
  const signingKeys = childrenOf(descriptor, namespaces.metadata, 'KeyDescriptor')
    .filter((key) => attributeOf(key, 'use') !== 'encryption')
    .flatMap(certificatesOf)
  if (signingKeys.length === 0) throw new SamlError(`the metadata of ${entityId} holds no key for signatures`)
  const logoutUrl = logout && (attributeOf(logout, 'ResponseLocation') ?? attributeOf(logout, 'Location'))
  return { entityId, assertionConsumerServices, singleLogoutService: logoutUrl, signingKeys }
}

/** Metadata describes one entity, or several of them in one list. */
function findEntity(root: Element, entityId: string): Element | undefined {
  const entities =
    root.localName === 'EntitiesDescriptor' ? childrenOf(root, namespaces.metadata, 'EntityDescriptor') : [root]
  return entities.find((entity) => attributeOf(entity, 'entityID') === entityId)
}

function isPost(service: Element): boolean {
  return attributeOf(service, 'Binding') === bindings.post
}

function isDefault(service: Element): boolean {
  return attributeOf(service, 'isDefault') === 'true'
}

function certificatesOf(keyDescriptor: Element): KeyObject[] {
  const keyInfo = childOf(keyDescriptor, namespaces.signature, 'KeyInfo')
  const data = keyInfo === undefined ? [] : childrenOf(keyInfo, namespaces.signature, 'X509Data')
  return data
    .flatMap((entry) => childrenOf(entry, namespaces.signature, 'X509Certificate'))
    .map((certificate) => new X509Certificate(Buffer.from(textOf(certificate), 'base64')).publicKey)
}

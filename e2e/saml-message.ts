import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StackFile } from '@mcp-identity/local-stack'
import { DOMParser, type Document, type Element, XMLSerializer } from '@xmldom/xmldom'
import { SignedXml } from 'xml-crypto'

const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol'
const assertion = 'urn:oasis:names:tc:SAML:2.0:assertion'
const signature = 'http://www.w3.org/2000/09/xmldsig#'
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'

/** The corporate IdP's own key: what is signed with it is as good as what the corporate IdP says. */
export function signingKeyOf(stack: StackFile): KeyObject {
  const { signing } = JSON.parse(readFileSync(join(stack.dataDir, 'corporate-idp', 'keys.json'), 'utf8'))
  return createPrivateKey({ key: signing, format: 'jwk' })
}

/** A key that nobody knows. */
export function anotherKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

/** A response in pieces, to be put together in another way. */
export function readResponse(xml: string) {
  const document = new DOMParser().parseFromString(xml, 'text/xml')
  const response = only(document, protocol, 'Response')
  return {
    document,
    response,
    assertion: only(response, assertion, 'Assertion'),
    extensions: () => document.createElementNS(protocol, 'samlp:Extensions'),
    signatureObject: () => document.createElementNS(signature, 'ds:Object'),
    toString: () => new XMLSerializer().serializeToString(document),
  }
}

export type SamlResponse = ReturnType<typeof readResponse>

/** Takes every signature out. */
export function unsigned(xml: string): string {
  const parts = readResponse(xml)
  remove(childOf(parts.response, 'Signature'))
  remove(childOf(parts.assertion, 'Signature'))
  return parts.toString()
}

/** Takes the signature of the response out, which leaves that of the assertion as it was. */
export function signedAssertionOnly(xml: string): string {
  const parts = readResponse(xml)
  remove(childOf(parts.response, 'Signature'))
  return parts.toString()
}

/** Signs the assertion and then the response, as the corporate IdP does. */
export function signed(
  xml: string,
  key: KeyObject,
  names: ('Assertion' | 'Response')[] = ['Assertion', 'Response'],
): string {
  return names.reduce((text, name) => signOne(text, name, key), xml)
}

function signOne(xml: string, name: string, key: KeyObject): string {
  const signer = new SignedXml({
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }),
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: exclusive,
  })
  const xpath = `//*[local-name(.)='${name}']`
  signer.addReference({
    xpath,
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', exclusive],
  })
  signer.computeSignature(xml, { location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' } })
  return signer.getSignedXml()
}

export function remove(element: Element): void {
  element.parentNode?.removeChild(element)
}

/** A copy that says that somebody else was signed in, under an ID of its own. */
export function forgedCopy(element: Element, victim: string, id = '_forged'): Element {
  const copy = element.cloneNode(true) as Element
  copy.setAttribute('ID', id)
  for (const nameId of [...copy.getElementsByTagNameNS(assertion, 'NameID')]) nameId.textContent = victim
  return copy
}

export function childOf(element: Element, name: string): Element {
  const found = [...element.children].find((child) => child.localName === name)
  if (found === undefined) throw new Error(`the message has no ${name}`)
  return found
}

function only(parent: Document | Element, namespace: string, name: string): Element {
  const [found, ...others] = [...parent.getElementsByTagNameNS(namespace, name)]
  if (found === undefined || others.length > 0) throw new Error(`the message must have one ${name}`)
  return found
}

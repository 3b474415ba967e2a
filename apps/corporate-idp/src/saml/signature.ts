import { type KeyObject, verify } from 'node:crypto'
import type { Element } from '@xmldom/xmldom'
import { SignedXml } from 'xml-crypto'
import type { SamlKey } from './certificate.ts'
import { namespaces } from './names.ts'
import { SamlError } from './saml-error.ts'
import { attributeOf, childOf, parseXml } from './xml.ts'

const exclusiveCanonicalization = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const envelopedSignature = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const sha256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'

/** Algorithms that a message may be signed with, and what Node calls them. No SHA-1, no HMAC. */
const algorithms: Readonly<Record<string, string>> = {
  [rsaSha256]: 'RSA-SHA256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384': 'RSA-SHA384',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': 'RSA-SHA512',
}

/** Signs one element of a message, by its `ID`; the signature follows its `Issuer` (SAML Core 5.4, RSA with SHA-256). */
export function signElement(
  message: string,
  name: 'Assertion' | 'Response' | 'LogoutRequest' | 'LogoutResponse',
  key: SamlKey,
): string {
  const signer = new SignedXml({
    privateKey: key.privateKey,
    publicCert: key.certificate,
    signatureAlgorithm: rsaSha256,
    canonicalizationAlgorithm: exclusiveCanonicalization,
  })
  const element = `//*[local-name(.)='${name}']`
  signer.addReference({
    xpath: element,
    digestAlgorithm: sha256,
    transforms: [envelopedSignature, exclusiveCanonicalization],
  })
  signer.computeSignature(message, {
    prefix: 'ds',
    location: { reference: `${element}/*[local-name(.)='Issuer']`, action: 'after' },
  })
  return signer.getSignedXml()
}

/**
 * Verifies a message whose root element carries the signature, and gives back what was signed: that alone may be read.
 *
 * @param keys Any of them may have signed. Keys and certificates within the message are not looked at.
 * @throws {SamlError} There is no signature over the root element, or none of the keys made it.
 */
export function readSigned(message: string, keys: readonly KeyObject[]): Element {
  const root = parseXml(message)
  const signature = childOf(root, namespaces.signature, 'Signature')
  if (signature === undefined) throw new SamlError('the message is not signed')
  const signedInfo = childOf(signature, namespaces.signature, 'SignedInfo')
  const method = signedInfo && childOf(signedInfo, namespaces.signature, 'SignatureMethod')
  if (method === undefined || !Object.hasOwn(algorithms, attributeOf(method, 'Algorithm') ?? '')) {
    throw new SamlError('the signature algorithm is not accepted')
  }
  for (const key of keys) {
    const signed = verifiedContent(message, signature.toString(), key)
    if (signed === undefined) continue
    const content = parseXml(signed)
    // The signature stands in the root element; what it covers must be that element and no other.
    if (attributeOf(content, 'ID') === attributeOf(root, 'ID') && content.localName === root.localName) return content
    throw new SamlError('the signature covers another element than the message')
  }
  throw new SamlError('no key of the sender made the signature')
}

function verifiedContent(message: string, signature: string, key: KeyObject): string | undefined {
  const verifier = new SignedXml({
    publicCert: key.export({ type: 'spki', format: 'pem' }),
    getCertFromKeyInfo: () => null,
  })
  try {
    verifier.loadSignature(signature)
    if (!verifier.checkSignature(message)) return undefined
    const [content, ...others] = verifier.getSignedReferences()
    return others.length === 0 ? content : undefined
  } catch {
    return undefined
  }
}

/**
 * Verifies the signature of a message that came in an address (SAML Bindings 3.4.4.1). It covers the query as it was
 * sent, so nothing may be decoded and encoded again.
 *
 * @param query Without the question mark.
 * @throws {SamlError} There is none, or none of the keys made it.
 */
export function verifyQuery(query: string, keys: readonly KeyObject[]): void {
  const sent = new Map(query.split('&').map((part) => [part.split('=')[0] ?? '', part]))
  const parameters = new URLSearchParams(query)
  for (const name of ['SAMLRequest', 'RelayState', 'SigAlg', 'Signature']) {
    if (parameters.getAll(name).length > 1) throw new SamlError(`${name} was sent twice`)
  }
  const signature = parameters.get('Signature')
  if (signature === null) throw new SamlError('the message is not signed')
  const algorithm = algorithms[parameters.get('SigAlg') ?? '']
  if (algorithm === undefined) throw new SamlError('the signature algorithm is not accepted')
  const signed = ['SAMLRequest', 'RelayState', 'SigAlg'].flatMap((name) => sent.get(name) ?? []).join('&')
  const isVerified = keys.some((key) => verify(algorithm, Buffer.from(signed), key, Buffer.from(signature, 'base64')))
  if (!isVerified) throw new SamlError('no key of the sender made the signature')
}

import { randomUUID } from 'node:crypto'
import type { SamlKey } from './certificate.ts'
import { nameIdFormats, namespaces, type Status, statusCodes } from './names.ts'
import { signElement } from './signature.ts'
import { xml } from './xml.ts'

/** From whom a message is, to where, and what signs it. */
export interface Envelope {
  issuer: string
  destination: string
  /** Id of the request that it answers. */
  inResponseTo: string
  key: SamlKey
  /** Milliseconds since the epoch. */
  atMs: number
}

/** What an assertion says about a person (SAML Core 2.3.3). */
export interface Subject {
  nameId: string
  /** Entity id of the service provider. */
  audience: string
  sessionIndex: string
  /** Seconds since the epoch. */
  authenticatedAt: number
  attributes: readonly [name: string, values: readonly string[]][]
}

/**
 * How long an assertion is good, in seconds: as long as a browser needs to carry it over. A person who is disabled is
 * looked for at Keycloak for a minute, in case that an assertion about her is still under way.
 */
export const assertionLifetimeSeconds = 50

/** A response that says who a person is; the response and its assertion are signed (SAML Profiles 4.1.4). */
export function buildResponse(envelope: Envelope, subject: Subject): string {
  const { issuer, destination, inResponseTo, key, atMs } = envelope
  const expiresAt = isoTime(atMs + assertionLifetimeSeconds * 1000)
  const assertion = xml`
  <saml:Assertion xmlns:saml="${namespaces.assertion}" ID="${newId()}" Version="2.0" IssueInstant="${isoTime(atMs)}">
    <saml:Issuer>${issuer}</saml:Issuer>
    <saml:Subject>
      ${nameIdElement(issuer, subject)}
      <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
        <saml:SubjectConfirmationData InResponseTo="${inResponseTo}" NotOnOrAfter="${expiresAt}" Recipient="${destination}"/>
      </saml:SubjectConfirmation>
    </saml:Subject>
    <saml:Conditions NotBefore="${isoTime(atMs)}" NotOnOrAfter="${expiresAt}">
      <saml:AudienceRestriction><saml:Audience>${subject.audience}</saml:Audience></saml:AudienceRestriction>
    </saml:Conditions>
    <saml:AuthnStatement AuthnInstant="${isoTime(subject.authenticatedAt * 1000)}" SessionIndex="${subject.sessionIndex}">
      <saml:AuthnContext>
        <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef>
      </saml:AuthnContext>
    </saml:AuthnStatement>
    <saml:AttributeStatement>${subject.attributes.map(attribute)}
    </saml:AttributeStatement>
  </saml:Assertion>
`
  const response = statusResponse('Response', envelope, 'success', assertion.html)
  return signElement(signElement(response, 'Assertion', key), 'Response', key)
}

/** A response that says that nobody is signed in, and why. */
export function buildErrorResponse(envelope: Envelope, status: Exclude<Status, 'success'>): string {
  return signElement(statusResponse('Response', envelope, status), 'Response', envelope.key)
}

/** SAML Core 3.7.2. */
export function buildLogoutResponse(envelope: Envelope): string {
  return signElement(statusResponse('LogoutResponse', envelope, 'success'), 'LogoutResponse', envelope.key)
}

/** Ends every session of a person at the service provider: it names no session (SAML Core 3.7.3.2). */
export function buildLogoutRequest(
  { issuer, destination, key, atMs }: Omit<Envelope, 'inResponseTo'>,
  who: Pick<Subject, 'nameId' | 'audience'>,
): string {
  const request = xml`<samlp:LogoutRequest xmlns:samlp="${namespaces.protocol}" xmlns:saml="${namespaces.assertion}"
    ID="${newId()}" Version="2.0" IssueInstant="${isoTime(atMs)}" Destination="${destination}"
    NotOnOrAfter="${isoTime(atMs + assertionLifetimeSeconds * 1000)}">
  <saml:Issuer>${issuer}</saml:Issuer>
  ${nameIdElement(issuer, who)}
</samlp:LogoutRequest>`
  return signElement(request.html, 'LogoutRequest', key)
}

function statusResponse(
  name: 'Response' | 'LogoutResponse',
  { issuer, destination, inResponseTo, atMs }: Envelope,
  status: Status,
  content = '',
): string {
  const [code = '', reason] = statusCodes[status]
  const inner = reason === undefined ? '' : xml`<samlp:StatusCode Value="${reason}"/>`.html
  const head = xml`<samlp:${name} xmlns:samlp="${namespaces.protocol}" ID="${newId()}" Version="2.0"
    IssueInstant="${isoTime(atMs)}" Destination="${destination}" InResponseTo="${inResponseTo}">
  <saml:Issuer xmlns:saml="${namespaces.assertion}">${issuer}</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="${code}">`
  return `${head.html}${inner}</samlp:StatusCode></samlp:Status>${content}</samlp:${name}>`
}

function nameIdElement(issuer: string, { nameId, audience }: Pick<Subject, 'nameId' | 'audience'>) {
  return xml`<saml:NameID Format="${nameIdFormats.persistent}" NameQualifier="${issuer}" SPNameQualifier="${audience}">${nameId}</saml:NameID>`
}

function attribute([name, values]: readonly [name: string, values: readonly string[]]) {
  return xml`
      <saml:Attribute Name="${name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">${values.map(
        (value) => xml`<saml:AttributeValue>${value}</saml:AttributeValue>`,
      )}</saml:Attribute>`
}

/** An ID must begin with a letter or an underscore. */
function newId(): string {
  return `_${randomUUID()}`
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

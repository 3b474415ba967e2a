import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { samlAddresses } from '@mcp-identity/provider-dialects'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toSamlKey } from '../src/saml/certificate.ts'
import { readSigned } from '../src/saml/signature.ts'
import { type Browser, createBrowser, type Page, readForm } from './support/browser.ts'
import { type Company, developmentSecret, startCompany } from './support/company.ts'
import { createServiceProviderDouble } from './support/service-provider-double.ts'

type ServiceProvider = Awaited<ReturnType<typeof createServiceProviderDouble>>

let company: Company
let serviceProvider: ServiceProvider
let sso: string
let slo: string

beforeAll(async () => {
  company = await startSamlCompany()
  serviceProvider = await createServiceProviderDouble(company.keycloak.issuer)
  company.keycloak.describeAsServiceProvider(serviceProvider.metadata)
  ;({ singleSignOn: sso, singleLogout: slo } = samlAddresses(company.origin))
})
afterAll(() => company.stop())

function startSamlCompany(): Promise<Company> {
  return startCompany((config) =>
    config.keycloak === undefined ? config : { ...config, keycloak: { ...config.keycloak, protocol: 'saml' } },
  )
}

const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }

/** Opens the sign-in for a request that came by redirect. */
function openByRedirect(xml: string, browser: Browser = createBrowser()): Promise<Page> {
  return browser.open(`${sso}?${serviceProvider.toQuery(xml)}`)
}

async function signIn(username: string, browser: Browser = createBrowser()) {
  const { id, xml } = serviceProvider.authnRequest(sso)
  const page = await openByRedirect(xml, browser)
  const after = page.text.includes('SAMLResponse')
    ? page
    : await browser.submit(page, { username, password: `${username}-at-company` })
  return { id, after, browser }
}

/** The message that a page carries on, and where to. */
function readMessage(page: Page) {
  const { action, hidden } = readForm(page.text)
  return { action, relayState: hidden.RelayState, xml: Buffer.from(hidden.SAMLResponse ?? '', 'base64').toString() }
}

async function metadataKeys() {
  const metadata = await (await fetch(`${company.origin}/saml/metadata`)).text()
  return [...metadata.matchAll(/X509Certificate>([^<]+)</g)].map(
    ([, certificate = '']) => new X509Certificate(Buffer.from(certificate, 'base64')).publicKey,
  )
}

describe('metadata', () => {
  it('names its endpoints, wants signed requests, and holds the signing key in a certificate that is valid now', async () => {
    const response = await fetch(`${company.origin}/saml/metadata`)
    expect(response.headers.get('content-type')).toBe('application/samlmetadata+xml')
    const metadata = await response.text()
    expect(metadata).toContain(`entityID="${company.origin}/saml/metadata"`)
    expect(metadata).toContain('WantAuthnRequestsSigned="true"')
    expect(metadata.match(new RegExp(`Location="${sso}"`, 'g'))).toHaveLength(2)
    const [key] = await metadataKeys()
    const keySet = (await (await fetch(`${company.origin}/jwks`)).json()) as { keys: { n?: string }[] }
    expect(key?.export({ format: 'jwk' }).n).toBe(keySet.keys[0]?.n)
    const [, certificate = ''] = /X509Certificate>([^<]+)</.exec(metadata) ?? []
    const { validFromDate, validToDate } = new X509Certificate(Buffer.from(certificate, 'base64'))
    expect(Date.now()).toBeGreaterThan(validFromDate.getTime())
    expect(Date.now()).toBeLessThan(validToDate.getTime())
  })

  it('wraps one key in one certificate for ever', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'company-1' }
    expect(await toSamlKey(jwk)).toEqual(await toSamlKey(jwk))
  })
})

describe('sign-in', () => {
  it('answers a redirected request by POST to the registered place: response and assertion signed, who she is in it', async () => {
    const { id, after } = await signIn('alice')
    const { action, relayState, xml } = readMessage(after)
    expect(action).toBe(serviceProvider.acs)
    expect(relayState).toBe('relay')
    const response = readSigned(xml, await metadataKeys())
    expect(response.getAttribute('InResponseTo')).toBe(id)
    expect(response.getAttribute('Destination')).toBe(serviceProvider.acs)
    const [assertion = ''] = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(xml) ?? []
    const signedAssertion = readSigned(assertion, await metadataKeys()).toString()
    expect(signedAssertion).toMatch(/NameID Format="[^"]*:persistent"[^>]*>emp-1001</)
    expect(signedAssertion).toContain(`<saml:Audience>${serviceProvider.entityId}</saml:Audience>`)
    expect(signedAssertion).toContain(`Recipient="${serviceProvider.acs}"`)
    expect(valuesOf(signedAssertion, 'mail')).toEqual(['alice@company.com'])
    expect(valuesOf(signedAssertion, 'department')).toEqual(['Engineering'])
    expect(valuesOf(signedAssertion, 'groups')).toEqual(['All Staff', 'Customer Admins'])
  })

  it('takes a request by POST as well', async () => {
    const { xml } = serviceProvider.authnRequest(sso)
    const browser = createBrowser()
    const body = serviceProvider.toForm(serviceProvider.signed(xml))
    const page = await browser.open(sso, { method: 'POST', headers: formHeaders, body })
    const after = await browser.submit(page, { username: 'anna', password: 'anna-at-company' })
    expect(readMessage(after).xml).toContain('status:Success')
  })

  it('uses one session with OpenID Connect: whoever is signed in is not asked again', async () => {
    const { browser } = await signIn('alice')
    const again = await signIn('alice', browser)
    expect(again.after.text).toContain('SAMLResponse')
  })

  it('asks again when the request says ForceAuthn', async () => {
    const { browser } = await signIn('alice')
    const { xml } = serviceProvider.authnRequest(sso, (text) => text.replace('ForceAuthn="false"', 'ForceAuthn="true"'))
    expect((await openByRedirect(xml, browser)).text).toContain('name="password"')
  })

  it('answers NoPassive when no page may be shown and nobody is signed in', async () => {
    const { xml } = serviceProvider.authnRequest(sso, (text) => text.replace('IsPassive="false"', 'IsPassive="true"'))
    const message = readMessage(await openByRedirect(xml)).xml
    expect(message).toContain('status:NoPassive')
    expect(message).not.toContain('Assertion ')
    readSigned(message, await metadataKeys())
  })

  it('answers InvalidNameIDPolicy when another kind of name is asked for', async () => {
    const { xml } = serviceProvider.authnRequest(sso, (text) =>
      text.replace('nameid-format:persistent', 'nameid-format:transient'),
    )
    expect(readMessage(await openByRedirect(xml)).xml).toContain('status:InvalidNameIDPolicy')
  })

  it('answers AuthnFailed when the person goes back', async () => {
    const browser = createBrowser()
    const page = await openByRedirect(serviceProvider.authnRequest(sso).xml, browser)
    const cancelForm = page.text.slice(page.text.indexOf('</form>') + 7)
    expect(readMessage(await browser.submit({ ...page, text: cancelForm }, {})).xml).toContain('status:AuthnFailed')
  })

  it('does not sign in a disabled person', async () => {
    await setActive('dave', false)
    const { after } = await signIn('dave')
    expect(after.status).toBe(403)
    expect(after.text).not.toContain('SAMLResponse')
    await setActive('dave', true)
  })

  it('answers a request once, and to the browser that brought it only', async () => {
    const browser = createBrowser()
    const page = await openByRedirect(serviceProvider.authnRequest(sso).xml, browser)
    const after = await browser.submit(
      page,
      { username: 'anna', password: 'anna-at-company' },
      { until: `${company.origin}/saml/sso/continue` },
    )
    expect((await createBrowser().open(after.url)).status).toBe(400)
    expect((await browser.open(after.url)).text).toContain('SAMLResponse')
    expect((await browser.open(after.url)).status).toBe(400)
  })

  it('runs no script but its own on the page that carries the response', async () => {
    const { after } = await signIn('alice')
    expect(after.headers.get('content-security-policy')).toMatch(/default-src 'none'.*; script-src 'self'$/)
    expect(after.text).not.toMatch(/<script(?![^>]* src="\/assets\/carry-on.js")/)
  })
})

describe('a request that is refused', () => {
  const other = 'https://evil.example/acs'
  it.each<[title: string, change: (xml: string) => string]>([
    [
      'whose response would go to a place that is not registered',
      (xml) => xml.replace(/(ServiceURL=")[^"]*/, `$1${other}`),
    ],
    [
      'whose response would go to a place registered for another binding',
      (xml) => xml.replace(/(ServiceURL="[^"]*)/, '$1/get'),
    ],
    ['of another service provider', (xml) => xml.replace(/(Issuer[^>]*>)[^<]*/, '$1https://evil.example')],
    [
      'meant for another identity provider',
      (xml) => xml.replace(/(Destination=")[^"]*/, '$1https://other.example/sso'),
    ],
    ['without a destination', (xml) => xml.replace(/Destination="[^"]*"/, '')],
    [
      'made ten minutes ago',
      (xml) => xml.replace(/(IssueInstant=")[^"]*/, `$1${new Date(Date.now() - 600_000).toISOString()}`),
    ],
    [
      'made in ten minutes',
      (xml) => xml.replace(/(IssueInstant=")[^"]*/, `$1${new Date(Date.now() + 600_000).toISOString()}`),
    ],
    ['without an instant', (xml) => xml.replace(/IssueInstant="[^"]*"/, '')],
    ['of another version', (xml) => xml.replace('Version="2.0"', 'Version="1.1"')],
    ['with an ID that is none', (xml) => xml.replace(/( ID=")[^"]*/, '$10&quot; x')],
    ['that wants the response by redirect', (xml) => xml.replace('bindings:HTTP-POST', 'bindings:HTTP-Redirect')],
    ['with a document type', (xml) => `<!DOCTYPE a [<!ENTITY e "x">]>${xml}`],
    ['that is not XML', () => 'SAML'],
    ['that is a logout', (xml) => xml.replaceAll('AuthnRequest', 'LogoutRequest')],
  ])('%s', async (_title, change) => {
    const { xml } = serviceProvider.authnRequest(sso, change)
    const page = await openByRedirect(xml)
    expect(page.status).toBe(400)
    expect(page.text).toContain('This sign-in could not be completed')
    expect(page.text).not.toContain('evil.example')
  })

  it('is not signed', async () => {
    const query = serviceProvider.toQuery(serviceProvider.authnRequest(sso).xml, 'relay', false)
    expect((await createBrowser().open(`${sso}?${query}`)).status).toBe(400)
    const body = serviceProvider.toForm(serviceProvider.authnRequest(sso).xml)
    expect((await createBrowser().open(sso, { method: 'POST', headers: formHeaders, body })).status).toBe(400)
  })

  it('was signed with another RelayState', async () => {
    const query = serviceProvider
      .toQuery(serviceProvider.authnRequest(sso).xml)
      .replace('RelayState=relay', 'RelayState=x')
    expect((await createBrowser().open(`${sso}?${query}`)).status).toBe(400)
  })

  it('carries one parameter twice', async () => {
    const query = serviceProvider.toQuery(serviceProvider.authnRequest(sso).xml)
    expect((await createBrowser().open(`${sso}?RelayState=x&${query}`)).status).toBe(400)
  })

  it('was signed by another key', async () => {
    const stranger = await createServiceProviderDouble(serviceProvider.entityId)
    const { xml } = stranger.authnRequest(sso)
    expect((await createBrowser().open(`${sso}?${stranger.toQuery(xml)}`)).status).toBe(400)
    const body = stranger.toForm(stranger.signed(xml))
    expect((await createBrowser().open(sso, { method: 'POST', headers: formHeaders, body })).status).toBe(400)
  })

  it('was altered after it was signed, or wraps a signed one', async () => {
    const signed = serviceProvider.signed(serviceProvider.authnRequest(sso).xml)
    const altered = signed.replace('ForceAuthn="false"', 'ForceAuthn="true"')
    const root = signed.replace(/ID="[^"]*"/, 'ID="ID_evil"')
    const wrapped = root.replace(
      '</samlp:AuthnRequest>',
      `<samlp:Extensions>${signed}</samlp:Extensions></samlp:AuthnRequest>`,
    )
    for (const xml of [altered, wrapped]) {
      const body = serviceProvider.toForm(xml)
      expect((await createBrowser().open(sso, { method: 'POST', headers: formHeaders, body })).status).toBe(400)
    }
  })

  it('inflates without bound', async () => {
    const { xml } = serviceProvider.authnRequest(sso, (text) =>
      text.replace('><saml:', `>${' '.repeat(10_000_000)}<saml:`),
    )
    expect((await openByRedirect(xml)).status).toBe(400)
  })
})

it('answers 503, not 400, while the metadata of the service provider cannot be read', async () => {
  const early = await startSamlCompany()
  const double = await createServiceProviderDouble(early.keycloak.issuer)
  const { singleSignOn } = samlAddresses(early.origin)
  const open = () => createBrowser().open(`${singleSignOn}?${double.toQuery(double.authnRequest(singleSignOn).xml)}`)
  expect((await open()).status).toBe(503)
  early.keycloak.describeAsServiceProvider(double.metadata)
  expect((await open()).status).toBe(200)
  await early.stop()
})

describe('single logout', () => {
  it('ends the session that the service provider names, and says so', async () => {
    const { after, browser } = await signIn('alice')
    const { xml: response } = readMessage(after)
    const [, sessionIndex = ''] = /SessionIndex="([^"]+)"/.exec(response) ?? []
    const request = serviceProvider.logoutRequest(slo, 'emp-1001', sessionIndex)
    const { action, xml } = readMessage(await browser.open(`${slo}?${serviceProvider.toQuery(request)}`))
    expect(action).toBe(serviceProvider.acs)
    expect(xml).toContain('status:Success')
    readSigned(xml, await metadataKeys())
    const next = await openByRedirect(serviceProvider.authnRequest(sso).xml, browser)
    expect(next.text).toContain('name="password"')
  })

  it('leaves the session alone when the name is another person’s, or nobody signed the request', async () => {
    const { after, browser } = await signIn('alice')
    const [, sessionIndex = ''] = /SessionIndex="([^"]+)"/.exec(readMessage(after).xml) ?? []
    const forAnna = serviceProvider.logoutRequest(slo, 'emp-1002', sessionIndex)
    await browser.open(`${slo}?${serviceProvider.toQuery(forAnna)}`)
    const forAlice = serviceProvider.logoutRequest(slo, 'emp-1001', sessionIndex)
    expect((await browser.open(`${slo}?${serviceProvider.toQuery(forAlice, 'relay', false)}`)).status).toBe(400)
    const next = await openByRedirect(serviceProvider.authnRequest(sso).xml, browser)
    expect(next.text).toContain('SAMLResponse')
  })

  it('tells the service provider of a disable: a signed LogoutRequest for all sessions of her, without a browser', async () => {
    company.keycloak.logoutRequests.length = 0
    company.keycloak.addUser('bob', 'emp-1003')
    await setActive('bob', false)
    const [request = ''] = company.keycloak.logoutRequests
    const read = readSigned(request, await metadataKeys()).toString()
    expect(read).toMatch(/:persistent"[^>]*>emp-1003</)
    expect(read).toContain(`Destination="${serviceProvider.acs}"`)
    expect(read).not.toContain('SessionIndex')
    await setActive('bob', true)
  })
})

it('signs with the new key after a rotation, and publishes both', async () => {
  const before = (await metadataKeys()).map((key) => key.export({ format: 'pem', type: 'spki' }))
  await fetch(`${company.origin}/admin/signing-key`, {
    method: 'POST',
    headers: { authorization: `Bearer ${developmentSecret}` },
  })
  const [newest, ...older] = await metadataKeys()
  expect(older.map((key) => key.export({ format: 'pem', type: 'spki' }))).toEqual(before)
  const { after } = await signIn('alice')
  readSigned(
    readMessage(after).xml,
    newest === undefined ? [] : [createPublicKey(newest.export({ format: 'pem', type: 'spki' }))],
  )
})

it('writes neither messages nor codes nor cookies into its log', async () => {
  const { after, browser } = await signIn('alice')
  const { hidden } = readForm(after.text)
  const log = company.lines.join('')
  expect(log).toContain('assertion issued')
  expect(log).not.toContain(hidden.SAMLResponse)
  for (const { value } of await browser.jar.getCookies(company.origin)) expect(log).not.toContain(value)
})

async function setActive(username: string, active: boolean): Promise<void> {
  await fetch(`${company.issuer}/admin/people/${username}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${developmentSecret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ active }),
  })
}

function valuesOf(assertion: string, name: string): string[] {
  const [, values = ''] = new RegExp(`<saml:Attribute Name="${name}"[^>]*>(.*?)</saml:Attribute>`).exec(assertion) ?? []
  return [...values.matchAll(/<saml:AttributeValue>([^<]*)</g)].map(([, value = '']) => value)
}

import { testKeys } from '@mcp-identity/test-kit'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { type KeycloakDouble, startKeycloakDouble } from './fixtures/keycloak-double.ts'
import { startTestServer, type TestServer, toolCall } from './fixtures/test-server.ts'

const idpIssuer = 'https://idp.company.com'
let app: TestServer
let idpKeys: KeycloakDouble

beforeAll(async () => {
  idpKeys = await startKeycloakDouble('unused')
  const jwksUri = `${idpKeys.issuer}/protocol/openid-connect/certs`
  app = await startTestServer({}, ({ keycloak }) => ({
    transmitters: [
      { issuer: idpIssuer, jwksUri, speaksFor: [keycloak], broker: { issuer: keycloak, alias: 'corporate' } },
      { issuer: keycloak, jwksUri: `${keycloak}/protocol/openid-connect/certs` },
    ],
  }))
  app.keycloak.addBrokeredPerson('idp-alice', 'behind-broker')
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
})
afterAll(async () => {
  await app.stop()
  await idpKeys.close()
})

const now = (): number => Math.floor(Date.now() / 1000)
const sign = (type: string, claims: Record<string, unknown>): Promise<string> =>
  new SignJWT({ iss: idpIssuer, aud: app.resource, iat: now(), jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: type, kid: testKeys.rsa.kid })
    .sign(testKeys.rsa.privateKey)

const post = (path: string, body: string, type: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${app.origin}/signals/${path}`, { method: 'POST', body, headers: { 'content-type': type, ...headers } })

const statusOf = async (subject: string): Promise<number> =>
  (await app.post(app.tokenOf('alice', { subject, issuedAt: now() - 10 }), toolCall('whoami'))).status

it('ends tokens at once when the corporate IdP pushes an event about its own subject', async () => {
  expect(await statusOf('behind-broker')).toBe(200)
  const set = await sign('secevent+jwt', {
    sub_id: { format: 'iss_sub', iss: idpIssuer, sub: 'idp-alice' },
    events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} },
  })
  expect((await post('ssf', set, 'application/secevent+jwt')).status).toBe(202)
  expect(await statusOf('behind-broker')).toBe(401)
})

it('ends tokens at once by back-channel logout', async () => {
  app.keycloak.addBrokeredPerson('idp-bob', 'logged-out')
  const token = await sign('logout+jwt', {
    sub: 'idp-bob',
    exp: now() + 60,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })
  const form = new URLSearchParams({ logout_token: token }).toString()
  expect((await post('backchannel-logout', form, 'application/x-www-form-urlencoded')).status).toBe(200)
  expect(await statusOf('logged-out')).toBe(401)
})

it('does not wait for Keycloak when the person has called before', async () => {
  app.keycloak.addBrokeredPerson('idp-dave', 'called-before')
  await statusOf('called-before')
  await eventually(() => expect(app.keycloak.identityLookUps).toContain('called-before'))
  app.keycloak.setDown(true)
  const token = await sign('logout+jwt', {
    sub: 'idp-dave',
    exp: now() + 60,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })
  const form = new URLSearchParams({ logout_token: token }).toString()
  const answer = await post('backchannel-logout', form, 'application/x-www-form-urlencoded')
  app.keycloak.setDown(false)
  expect(answer.status).toBe(503)
  expect(await statusOf('called-before')).toBe(401)
})

it('ends tokens at once by Global Token Revocation', async () => {
  app.keycloak.addBrokeredPerson('idp-carol', 'revoked')
  const credentials = await sign('global-token-revocation+jwt', {
    aud: `${app.origin}/signals/global-token-revocation`,
    exp: now() + 60,
  })
  const body = JSON.stringify({ sub_id: { format: 'iss_sub', iss: idpIssuer, sub: 'idp-carol' } })
  const answer = await post('global-token-revocation', body, 'application/json', {
    authorization: `Bearer ${credentials}`,
  })
  expect(answer.status).toBe(204)
  expect(await statusOf('revoked')).toBe(401)
})

it('refuses what is forged, and leaves good calls unharmed', async () => {
  // As fast as this machine can: how many fit into a second is its affair, that they are too many is the rule's.
  const flood = () =>
    Promise.all(
      Array.from({ length: 150 }, async () => (await post('ssf', 'a.b.c', 'application/secevent+jwt')).status),
    )
  await eventually(async () => expect(await flood()).toContain(429))
  expect(await statusOf('unharmed')).toBe(200)
})

it('serves no receiver when nobody may send', async () => {
  const other = await startTestServer()
  expect((await fetch(`${other.origin}/signals/ssf`, { method: 'POST' })).status).toBe(404)
  await other.stop()
})

import {
  describeResults,
  runResourceServerSuite,
  type SuiteIssuer,
  startSuiteIssuer,
  summarize,
} from '@mcp-identity/test-kit/resource-server-suite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'

const pageOrigin = 'http://localhost:8480'
let suiteIssuer: SuiteIssuer
let app: TestServer

beforeAll(async () => {
  suiteIssuer = await startSuiteIssuer(0, '/realms/test')
  const { issuer, jwksUri } = suiteIssuer
  app = await startTestServer({ issuers: [{ provider: 'keycloak', issuer, jwksUri }], keycloakEvents: [] })
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
})
afterAll(async () => {
  await app.stop()
  await suiteIssuer.close()
})

it('passes every check of the resource-server suite, and none is left out', { timeout: 180_000 }, async () => {
  const results = await runResourceServerSuite({
    url: app.resource,
    issuer: suiteIssuer.issuer,
    tool: { name: 'list_customers', scopes: ['read:customers'], arguments: {} },
    dpop: true,
    allowedOrigin: pageOrigin,
  })
  const { passed, skipped, failedMust, failedShould } = summarize(results)
  expect({ skipped, failedMust, failedShould }, describeResults(results)).toEqual({
    skipped: 0,
    failedMust: 0,
    failedShould: 0,
  })
  expect(passed).toBe(results.length)
})

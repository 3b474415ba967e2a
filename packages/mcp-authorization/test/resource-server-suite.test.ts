import { readFile } from 'node:fs/promises'
import {
  resourceServerChecks,
  runResourceServerSuite,
  startSuiteIssuer,
  summarize,
} from '@mcp-identity/test-kit/resource-server-suite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runningClock, type StartedServer, startServer } from './support/start-server.ts'
import { startStockServer } from './support/stock-sdk-server.ts'

const origin = 'https://console.company.com'
let server: StartedServer
beforeAll(async () => {
  server = await startServer({
    clock: runningClock(),
    resource: { allowedOrigins: [origin], dpop: { algorithms: ['ES256', 'EdDSA'] } },
  })
})
afterAll(() => server.close())

describe('the resource-server suite of the test kit, run against this package', () => {
  it.each(resourceServerChecks.map(({ id, rule }) => ({ id, rule })))('$id: $rule', async ({ id }) => {
    const results = await runResourceServerSuite(
      {
        url: server.url,
        issuer: server.keySet.issuer,
        tool: { name: 'run_report', scopes: ['read:customers', 'admin:reports'] },
        dpop: true,
        allowedOrigin: origin,
      },
      id,
    )
    expect(results.find((result) => result.id === id)).toMatchObject({ outcome: 'passed', details: [] })
  })
})

describe('the same suite, run against a server of the official helpers and a plain check of the JWT', () => {
  it('comes out as the README of the suite says', async () => {
    const issuer = await startSuiteIssuer()
    const stock = await startStockServer(issuer.issuer, issuer.jwksUri)
    const tool = { name: 'run_report', scopes: ['read:customers', 'admin:reports'] }
    const results = await runResourceServerSuite({ url: stock.url, issuer: issuer.issuer, tool })
    const { passed, failedMust, failedShould } = summarize(results)
    const readme = new URL('../../test-kit/src/resource-server-suite/README.md', import.meta.url)
    const figures = `${passed} pass, ${failedMust} of level *must* and ${failedShould} of level *should* do not`
    expect(await readFile(readme, 'utf8')).toContain(figures)
    stock.server.closeAllConnections()
    stock.server.close()
    await issuer.close()
  })
})

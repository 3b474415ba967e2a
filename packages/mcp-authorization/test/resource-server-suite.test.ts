import { resourceServerChecks, runResourceServerSuite } from '@mcp-identity/test-kit/resource-server-suite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type StartedServer, startServer } from './support/start-server.ts'

const origin = 'https://console.company.com'
let server: StartedServer
beforeAll(async () => {
  server = await startServer({
    clock: Object.assign(() => Date.now() / 1000, { advance: () => undefined, set: () => undefined }),
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

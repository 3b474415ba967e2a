import { type KeySetServer, serveKeySet } from '@mcp-identity/test-kit'
import { keycloak } from '@mcp-identity/token-verifier'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpcResponse, toolCall } from './support/messages.ts'
import { type StartedServer, startServer } from './support/start-server.ts'

let company: KeySetServer
let partner: KeySetServer
let server: StartedServer

beforeAll(async () => {
  company = await serveKeySet({ issuerPath: '/realms/company' })
  partner = await serveKeySet({ issuerPath: '/realms/partner' })
  const audience = 'https://mcp.company.com/mcp'
  const issuers = [company, partner].map(({ issuer, jwksUri }) =>
    keycloak({ issuer, audience, jwksUri, dangerouslyAllowInsecureHttp: true }),
  )
  server = await startServer({
    verifier: { issuers },
    resource: {
      authorizationServers: [company.issuer, partner.issuer],
      rateLimits: { perCallerAndTool: { requests: 1, seconds: 60 } },
    },
  })
})
afterAll(async () => {
  await server.close()
  await Promise.all([company.close(), partner.close()])
})

const call = (issuer: string, tool: string, sub = 'the same subject') =>
  fetch(
    server.url,
    toolCall('2026-07-28', server.mint({ issuer, audience: 'https://mcp.company.com/mcp', claims: { sub } }), tool, {
      id: '7',
    }),
  )

describe('a resource with several authorization servers', () => {
  it('names them in the order in which they were given', async () => {
    const metadata = (await (await fetch(server.metadataUrl)).json()) as { authorization_servers: string[] }
    expect(metadata.authorization_servers).toEqual([company.issuer, partner.issuer])
  })

  it('takes the tokens of each, and those of no other', async () => {
    for (const { issuer } of [company, partner]) {
      const answer = await call(issuer, 'whoami', 'somebody')
      expect(await rpcResponse(answer)).toMatchObject({ result: { content: [{ text: 'alice@company.com' }] } })
    }
    const foreign = await call('https://login.attacker.example/realms/company', 'whoami')
    expect([foreign.status, server.refusals.at(-1)?.reason]).toEqual([401, 'issuer_unknown'])
  })

  it('takes one subject of two issuers for two callers', async () => {
    expect((await call(company.issuer, 'get_customer')).status).toBe(200)
    expect((await call(partner.issuer, 'get_customer')).status).toBe(200)
    expect((await call(partner.issuer, 'get_customer')).status).toBe(429)
  })
})

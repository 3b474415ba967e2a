import { mintAccessToken, serveKeySet, tokenFaults } from '@mcp-identity/test-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer } from './server.ts' // yours

const keySet = await serveKeySet({ issuerPath: '/realms/company' })
const provider = 'keycloak'
const issuer = keySet.issuer
const now = Math.floor(Date.now() / 1000)
let server: { url: string; close: () => void }

beforeAll(async () => {
  server = await startServer({ issuer, jwksUri: keySet.jwksUri, audience: 'https://mcp.company.com/mcp' })
})
afterAll(async () => {
  server.close()
  await keySet.close()
})

async function statusFor(token: string): Promise<number> {
  return (await fetch(server.url, { headers: { authorization: `Bearer ${token}` } })).status
}

it('accepts a valid token', async () => {
  expect(await statusFor(mintAccessToken({ provider, issuer, now }))).toBe(200)
})

const faults = ['expired', 'otherIssuer', 'otherAudience', 'foreignKey', 'algorithmNone', 'hmacWithPublicKey'] as const
it.each(faults)('refuses a token with the fault %s', async (fault) => {
  const token = mintAccessToken({ provider, issuer, now, fault })
  expect(await statusFor(token), tokenFaults[fault].rule).toBe(401)
})

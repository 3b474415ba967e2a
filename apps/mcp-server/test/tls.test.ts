import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'
import { startTestServer } from './fixtures/test-server.ts'

const file = (name: string): string => fileURLToPath(new URL(`fixtures/tls/test-only-${name}.pem`, import.meta.url))
const certificate = readFileSync(file('certificate'), 'utf8')
const key = readFileSync(file('key'), 'utf8')

const environment = {
  MCP_RESOURCE: 'https://mcp.company.com/mcp',
  MCP_ISSUERS: JSON.stringify([
    { provider: 'keycloak', issuer: 'https://id.company.com/realms/company', audience: 'https://mcp.company.com/mcp' },
  ]),
  MCP_DATA_DIR: '/data',
}
const pair = { MCP_TLS_CERTIFICATE_FILE: file('certificate'), MCP_TLS_KEY_FILE: file('key') }

function problemsOf(settings: Record<string, string>): readonly string[] {
  try {
    readConfig({ ...environment, ...settings })
    return []
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)]
  }
}

it('answers over TLS with the certificate that it was given', async () => {
  const app = await startTestServer({ tls: { certificate, key } })
  const { port } = new URL(app.origin)
  const status = await new Promise((resolve, reject) => {
    get(`https://localhost:${port}/healthz`, { ca: certificate }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).once('error', reject)
  })
  expect(status).toBe(200)
  await expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow()
  await app.stop()
})

it('takes certificate and key from their files', () => {
  expect(readConfig({ ...environment, ...pair }).tls).toEqual({ certificate: certificate.trim(), key: key.trim() })
})

it('does not start with half of a pair', () => {
  for (const [name, value] of Object.entries(pair))
    expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining('belong together')])
})

it('does not start with a key that is not the certificate’s, nor with a file that is not there', () => {
  expect(problemsOf({ ...pair, MCP_TLS_KEY_FILE: file('other-key') })).toEqual([expect.stringContaining('are no pair')])
  expect(problemsOf({ ...pair, MCP_TLS_KEY_FILE: '/nowhere/key.pem' })).toEqual([
    "MCP_TLS_KEY_FILE: /nowhere/key.pem cannot be read (ENOENT); put the certificate's key there",
  ])
})

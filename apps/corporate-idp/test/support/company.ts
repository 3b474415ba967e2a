import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { providers } from '@mcp-identity/provider-dialects'
import type { JSONWebKeySet } from 'jose'
import { pino } from 'pino'
import type { CorporateIdpConfig } from '../../src/config.ts'
import { startCorporateIdp } from '../../src/start-corporate-idp.ts'
import { startKeycloakDouble } from './keycloak-double.ts'

/** Hashing that takes no time. For tests only. */
export const cheapPasswords = { N: 16, r: 1, p: 1 }

export const developmentSecret = 'development secret of the tests'.replaceAll(' ', '-')
export const brokerSecret = 'broker secret of the tests, 32 chars'

export const enterpriseSecret = 'enterprise secret of the tests'

/** The corporate IdP and a double of Keycloak, both listening on loopback, with everything that was logged. */
export async function startCompany(change: (config: CorporateIdpConfig) => CorporateIdpConfig = (config) => config) {
  const keycloak = await startKeycloakDouble()
  const dataDir = mkdtempSync(join(tmpdir(), 'corporate-idp-'))
  const port = await findFreePort()
  const issuer = `http://localhost:${port}`
  const config = change({
    port,
    host: '127.0.0.1',
    issuer,
    dataDir,
    development: true,
    provider: providers.generic,
    keycloak: {
      protocol: 'oidc',
      issuer: keycloak.issuer,
      alias: 'corporate',
      url: keycloak.url,
      brokerClient: { clientId: 'keycloak-broker', secret: brokerSecret },
      provisioner: { clientId: 'corporate-idp-provisioner', secret: 'provisioner secret of the tests' },
    },
    enterpriseClient: { clientId: 'enterprise-assistant', secret: enterpriseSecret },
    resourceServers: [],
    signalReceivers: [],
    admin: { resource: `${issuer}/admin`, developmentSecret, allowedOrigins: ['http://localhost:8480'] },
  })
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line) => void lines.push(line) })
  const start = () => startCorporateIdp(config, log, { passwordCost: cheapPasswords })
  let running = await start()
  return {
    issuer,
    /** Where it answers; its issuer in a provider's dialect is this and what the dialect puts behind it. */
    origin: issuer,
    keycloak,
    /** Every line that was logged. */
    lines,
    redirectUri: `${keycloak.issuer}/broker/corporate/endpoint`,
    async restart() {
      await running.stop()
      running = await start()
    },
    async stop() {
      await running.stop()
      await keycloak.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}

export type Company = Awaited<ReturnType<typeof startCompany>>

/** The key set of the corporate IdP. */
export async function fetchKeySet(issuer: string): Promise<JSONWebKeySet> {
  return (await (await fetch(`${issuer}/jwks`)).json()) as JSONWebKeySet
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

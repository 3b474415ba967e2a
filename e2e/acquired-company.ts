import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildRealm, developmentSettings } from '@mcp-identity/keycloak-realm'
import type { StackFile } from '@mcp-identity/local-stack'
import { openCorporateDirectory } from '@mcp-identity/local-stack/demo'
import { openKeycloakAdministrator } from '@mcp-identity/local-stack/doors'
import { nobody, providers } from '@mcp-identity/provider-dialects'

/** What Keycloak calls it, and clients send as `kc_idp_hint`. */
export const acquiredAlias = 'acquired'

/**
 * A company that the first one has bought: a corporate IdP of its own, in another dialect, with a directory of its own that
 * has people of the same names and addresses, brokered by the same realm. It signs people in and out; it may not change
 * accounts.
 */
export async function startAcquiredCompany(stack: StackFile) {
  const keycloak = openKeycloakAdministrator(stack)
  const origin = `http://localhost:${await findFreePort()}`
  const folder = mkdtempSync(join(tmpdir(), 'mcp-identity-acquired-'))
  const secrets = { broker: randomBytes(24).toString('hex'), admin: randomBytes(24).toString('hex') }
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(folder, name), secret, { mode: 0o600 })
  const process = startIdp(stack, origin, folder)
  await addToRealm(stack, origin, secrets.broker)
  await until(async () => (await fetch(`${origin}/healthz`)).ok, 'the IdP of the acquired company is ready')
  return {
    directory: openCorporateDirectory(origin, secrets.admin),
    /** As its ID tokens and the claim `idp` name it. */
    issuer: `${origin}/`,
    /** How its ID tokens name somebody whom its directory knows by this subject. */
    subjectOf: (subject: string) => String(providers.auth0.idToken.claims({ ...nobody, subject }, '').sub),
    /** Changes what its directory says about somebody. */
    async change(username: string, change: Record<string, unknown>): Promise<void> {
      const response = await fetch(`${origin}/admin/people/${username}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${secrets.admin}`, 'content-type': 'application/json' },
        body: JSON.stringify(change),
      })
      if (!response.ok) throw new Error(`its directory answered ${response.status}: ${await response.text()}`)
    },
    /** How the realm brokers it, changed. */
    async changeBroker(config: Record<string, string>): Promise<void> {
      const path = `/identity-provider/instances/${acquiredAlias}`
      const broker = (await (await keycloak.request('GET', path)).json()) as { config: Record<string, string> }
      await keycloak.request('PUT', path, { ...broker, config: { ...broker.config, ...config } })
    },
    /** Its people leave the realm with it. */
    async stop(): Promise<void> {
      for (const { id } of await accountsOf(stack)) await keycloak.request('DELETE', `/users/${id}`)
      await keycloak.request('DELETE', `/identity-provider/instances/${acquiredAlias}`)
      process.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Accounts of the realm that its sign-ins made. */
export async function accountsOf(stack: StackFile): Promise<{ id: string; username: string; email: string }[]> {
  const answer = await openKeycloakAdministrator(stack).request('GET', `/users?idpAlias=${acquiredAlias}`)
  return (await answer.json()) as { id: string; username: string; email: string }[]
}

function startIdp(stack: StackFile, origin: string, folder: string): ChildProcess {
  const data = join(folder, 'data')
  mkdirSync(data)
  return spawn(process.execPath, [fileURLToPath(new URL('../apps/corporate-idp/src/main.ts', import.meta.url))], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      IDP_PORT: new URL(origin).port,
      IDP_AS: 'auth0',
      IDP_ISSUER: origin,
      IDP_DATA_DIR: data,
      IDP_DEVELOPMENT: '1',
      IDP_KEYCLOAK_ISSUER: stack.urls.issuer,
      IDP_KEYCLOAK_URL: stack.urls.keycloak,
      IDP_BROKER_ALIAS: acquiredAlias,
      IDP_BROKER_CLIENT_SECRET_FILE: join(folder, 'broker'),
      IDP_PROVISIONING: 'none',
      IDP_ADMIN_RESOURCE: `${origin}/admin`,
      IDP_ADMIN_SECRET_FILE: join(folder, 'admin'),
    },
  })
}

/** What the realm as code says about it, with the secret that an import would take from the environment. */
async function addToRealm(stack: StackFile, origin: string, brokerSecret: string): Promise<void> {
  const keycloak = openKeycloakAdministrator(stack)
  const { identityProviders = [], identityProviderMappers = [] } = buildRealm({
    ...developmentSettings(),
    realm: stack.realm,
    keycloakUrl: stack.urls.keycloak,
    acquired: [
      {
        alias: acquiredAlias,
        displayName: 'Acquired company',
        issuer: origin,
        provider: providers.auth0,
        groups: { 'All Staff': 'All Staff', 'Customer Admins': 'Customer Readers' },
      },
    ],
  })
  const broker = identityProviders.find(({ alias }) => alias === acquiredAlias)
  const config = { ...broker?.config, clientSecret: brokerSecret }
  await keycloak.request('POST', '/identity-provider/instances', { ...broker, config })
  for (const mapper of identityProviderMappers.filter((each) => each.identityProviderAlias === acquiredAlias))
    await keycloak.request('POST', `/identity-provider/instances/${acquiredAlias}/mappers`, mapper)
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`it took too long until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

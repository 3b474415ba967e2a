import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openEvidenceKey } from '@mcp-identity/policy/access-review'
import { authorityFile, openPrivateAuthority } from '@mcp-identity/private-authority'
import type { Addresses } from '../addresses.ts'
import { writePrivateFile } from '../process/write-private-file.ts'
import { openSecret } from '../secrets.ts'
import { type KeycloakSettings, namedAt } from './keycloak-settings.ts'

/** How many of each `infra/compose.scale.yaml` has. */
export const keycloakNodes = 2
export const mcpReplicas = 3

/** The certificate that clients outside have to trust, in the folder of the secrets. */
export const authorityName = authorityFile

/** Where each replica keeps its audit log, from the folder of the stack. */
export function replicaAuditLogs(): { auditLog: string; auditLogs: string[] } {
  const auditLogs = numbered('mcp-server', mcpReplicas).map((name) => join('data', name, 'audit.db'))
  return { auditLog: auditLogs[0] ?? '', auditLogs }
}

/** The endpoint of each replica by itself, behind the proxy: numbers that no other part of the block has. */
export function replicaAddresses({ resource }: Addresses): string[] {
  return numbered('', mcpReplicas).map((_, index) => {
    const address = new URL(resource)
    address.port = String(Number(address.port) + firstReplicaOffset + index)
    return address.href
  })
}

/** Behind the ports of a stack, which `infra/compose.scale.yaml` counts from the console's. */
const firstReplicaOffset = 5

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)
}

/** The published image runs as its own user, which must own what it reads and writes. */
export function postgresOwner(path: string): { uid: number; gid: number } | undefined {
  return /^(data\/)?postgres(\/|$)/.test(path) ? { uid: 999, gid: 999 } : undefined
}

const database = { name: 'keycloak', user: 'keycloak' }
/** What replicas share besides signals: see `MCP_SHARED_STORE` in `infra/compose.scale.yaml`. */
const sharedStore = { name: 'mcp', user: 'mcp' }

/** Names by which servers reach each other; they stand in their certificates. */
export interface ServerNames {
  keycloak: readonly string[]
  mcpServer: readonly string[]
  /** Of what ends TLS for parts that speak none. */
  proxy: readonly string[]
}

/** In the network of `infra/compose.scale.yaml`. */
export const serverNamesInCompose: ServerNames = {
  keycloak: numbered('keycloak', keycloakNodes),
  mcpServer: numbered('mcp-server', mcpReplicas),
  proxy: ['localhost', 'keycloak.localhost', 'corporate-idp.localhost', 'mcp-server.localhost'],
}

/**
 * Lays out what several nodes behind a proxy need beside what one of each needs: an authority of their own with a
 * certificate for every server, the passwords of PostgreSQL and Redis, their settings, and the key that signs evidence.
 *
 * @param folder Of the stack; `secrets` in it must exist.
 * @returns what each node of Keycloak is told.
 */
export async function layOutScale(folder: string, addresses: Addresses, names: ServerNames): Promise<KeycloakSettings> {
  const secrets = join(folder, 'secrets')
  const authority = await openPrivateAuthority(secrets)
  const password = (name: string): string => openSecret(join(secrets, name)).value
  const passwords = {
    database: password('database-password'),
    sharedStore: password('shared-store-password'),
    redis: password('redis-password'),
  }

  for (const place of [...numbered('mcp-server', mcpReplicas), 'redis', 'postgres', 'corporate-idp'])
    mkdirSync(join(folder, 'data', place), { recursive: true, mode: 0o700 })
  const write = (part: string, files: Record<string, string>): void => {
    mkdirSync(join(folder, part), { recursive: true, mode: 0o700 })
    for (const [name, content] of Object.entries(files)) writePrivateFile(join(folder, part, name), content)
  }
  const pair = async (part: string, hosts: readonly string[]): Promise<void> => {
    const { certificate, key } = await authority.issue(hosts)
    write(part, { 'server.pem': certificate, 'server-key.pem': key, 'authority.pem': authority.certificate })
  }

  await pair('keycloak', names.keycloak)
  await pair('mcp-server', names.mcpServer)
  await pair('redis', ['redis'])
  await pair('postgres', ['postgres'])
  write('corporate-idp', { 'authority.pem': authority.certificate })
  write('mcp-server', { 'redis-password': passwords.redis, 'shared-store-password': passwords.sharedStore })
  await openEvidenceKey(join(folder, 'mcp-server', 'evidence-signing-key.pem'))
  await pair('grafana', ['localhost'])
  write('grafana', { 'admin-password': password('grafana-admin-password') })
  write('prometheus', { 'authority.pem': authority.certificate })
  write('redis', { 'redis.conf': redisSettings(passwords.redis) })
  write('postgres', { password: passwords.database })
  write(join('postgres', 'first-start'), { 'mcp.sql': createSharedStore(passwords.sharedStore) })
  const proxy = await authority.issue(names.proxy)
  write('proxy', { 'server.pem': proxy.certificate + proxy.key, 'authority.pem': authority.certificate })

  return {
    options: [
      ...namedAt(addresses.keycloak),
      '--http-enabled=false',
      '--https-port=8443',
      '--https-certificate-file=/stack/server.pem',
      '--https-certificate-key-file=/stack/server-key.pem',
      '--http-management-scheme=http',
      '--proxy-headers=xforwarded',
      '--truststore-paths=/stack/authority.pem',
      `--db-url=jdbc:postgresql://postgres:5432/${database.name}?sslmode=verify-full&sslrootcert=/stack/authority.pem`,
      `--db-username=${database.user}`,
    ],
    environment: { KC_DB_PASSWORD: passwords.database },
  }
}

/** PostgreSQL runs it when it makes its data folder. A database and a role of its own, which reach nothing of Keycloak's. */
function createSharedStore(password: string): string {
  return `CREATE ROLE ${sharedStore.user} LOGIN PASSWORD '${password}';
CREATE DATABASE ${sharedStore.name} OWNER ${sharedStore.user};
REVOKE CONNECT ON DATABASE ${database.name} FROM PUBLIC;
`
}

/** TLS alone; what was cut off is on disk within a second, and nothing is ever forgotten for the lack of room. */
function redisSettings(password: string): string {
  return `port 0
tls-port 6379
tls-cert-file /stack/server.pem
tls-key-file /stack/server-key.pem
tls-ca-cert-file /stack/authority.pem
tls-auth-clients no
requirepass ${password}
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
`
}

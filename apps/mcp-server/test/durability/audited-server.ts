import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AuditRecord,
  openPersonalDataVault,
  pagesOfRecords,
  queryAuditLog,
  verifyAuditLog,
} from '@mcp-identity/audit-log'
import { mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
import { people } from '../fixtures/people.ts'
import { freePort, type ServerProcess, startServerProcess } from '../fixtures/server-process.ts'

/** The real server on one data folder, to be started, ended and examined as often as wanted. */
export interface AuditedServer {
  readonly resource: string
  readonly dataDirectory: string
  /** Anna reads customers and nothing else. */
  readonly annasToken: string
  /** Starts the process and resolves when it listens. */
  start(): Promise<ServerProcess>
  /** Records after a sequence as they are stored now, personal data readable. */
  recordsAfter(sequence: number): Promise<AuditRecord[]>
  verify(): ReturnType<typeof verifyAuditLog>
  /** Removes the data; the process must have ended. */
  remove(): Promise<void>
}

/**
 * @param audit `MCP_AUDIT`. Default: what the server does when nothing is set, a signed log in SQLite with encrypted
 * personal data.
 */
export async function createAuditedServer(audit: { store?: string } = {}): Promise<AuditedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-audited-'))
  const dataDirectory = join(folder, 'data')
  const port = await freePort()
  const resource = `http://127.0.0.1:${port}/mcp`
  const keySet = await serveKeySet({ issuerPath: '/realms/company' })
  const { issuer, jwksUri } = keySet
  const log = audit.store ?? join(dataDirectory, 'audit.db')
  const tileFolder = audit.store === undefined ? `${log}.tiles` : join(dataDirectory, 'audit.tiles')
  const settings = {
    MCP_PORT: String(port),
    MCP_RESOURCE: resource,
    MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer, audience: resource, jwksUri }]),
    MCP_DATA_DIR: dataDirectory,
    MCP_AUDIT: JSON.stringify(audit),
    MCP_DEVELOPMENT: '1',
    MCP_CALLS_PER_MINUTE: '10000000',
  }
  return {
    resource,
    dataDirectory,
    annasToken: mintAccessToken({
      provider: 'keycloak',
      issuer,
      audience: resource,
      now: Math.floor(Date.now() / 1000),
      lifetimeSeconds: 7_200,
      claims: {
        sub: people.anna.subject,
        email: 'anna@company.com',
        name: people.anna.name,
        department: people.anna.department,
        groups: [...people.anna.groups, 'All Staff'],
        scope: people.anna.roles.join(' '),
        resource_access: { [resource]: { roles: people.anna.roles } },
        zoneinfo: 'America/New_York',
        country: 'US',
      },
    }),
    async start() {
      const server = startServerProcess(settings)
      await server.ready
      return server
    },
    async recordsAfter(sequence) {
      const vault = openPersonalDataVault(join(dataDirectory, 'audit-personal-data.db'))
      try {
        const records: AuditRecord[] = []
        const query = (asked: object) => queryAuditLog(log, asked, vault)
        for await (const page of pagesOfRecords(query, { afterSequence: sequence })) records.push(...page)
        return records
      } finally {
        vault.close()
      }
    },
    verify: () => verifyAuditLog(log, { tileFolder }),
    async remove() {
      await keySet.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

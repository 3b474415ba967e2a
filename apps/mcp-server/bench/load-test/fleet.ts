import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AuditVerification, verifyAuditLog } from '@mcp-identity/audit-log'
import { serveKeySet, startRedisServer } from '@mcp-identity/test-kit'
import { freePort, startServerProcess } from '../../test/fixtures/server-process.ts'
import type { TokenTarget } from './callers.ts'
import { layOutImage } from './lay-out-image.ts'

/** Servers under load. */
export interface Fleet {
  readonly target: TokenTarget
  readonly replicas: readonly LoadedServer[]
  /** As many servers of the same size that only read a body and answer: no protocol, no authorization, policy or audit. */
  readonly bareServers: readonly LoadedServer[]
  /** Stops the replicas and looks through what each has put on record. */
  verifyRecords(tell: (line: string) => void): Promise<AuditVerification[]>
  /** Ends every process and removes all data. */
  close(): Promise<void>
}

export interface LoadedServer {
  readonly port: number
  /** Resident memory and processor time used so far, as the kernel and the server's `/metrics` tell. */
  readonly pid: number
}

const bareServer = fileURLToPath(new URL('./bare-server.ts', import.meta.url))

/**
 * Starts replicas of the real server as its image does: signed audit log in SQLite with encrypted personal data, the
 * demonstration's policies, signals shared through a real Redis. Tokens are of a test issuer whose key is known here:
 * Keycloak would take longer to sign 10,000 people in than the load lasts.
 *
 * @param settingsOf Settings of its own for a replica, by its number from 0 on. Default: none.
 */
export async function startFleet(count: number, settingsOf = noSettings): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-load-'))
  const redis = await startRedisServer()
  const keySet = await serveKeySet({ issuerPath: '/realms/company' })
  const { issuer, jwksUri } = keySet
  const resource = 'http://127.0.0.1:8481/mcp'
  const main = layOutImage(join(folder, 'image'))
  const dataFolders = Array.from({ length: count }, (_, index) => join(folder, `replica-${index + 1}`))
  const children: ChildProcess[] = []

  async function startReplica(dataFolder: string, index: number): Promise<LoadedServer> {
    const port = await freePort()
    const server = startServerProcess(
      {
        MCP_PORT: String(port),
        MCP_RESOURCE: resource,
        MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer, audience: resource, jwksUri }]),
        MCP_SIGNALS: JSON.stringify({
          redis: { url: redis.url },
          transmitters: [{ issuer: `${issuer}/corporate`, jwksUri, speaksFor: [issuer] }],
        }),
        MCP_DATA_DIR: dataFolder,
        MCP_DEVELOPMENT: '1',
        MCP_LOG_LEVEL: 'error',
        ...settingsOf(index),
      },
      main,
    )
    children.push(server.child)
    await server.ready
    await untilReady(port)
    return { port, pid: server.child.pid ?? 0 }
  }

  async function startBareServer(): Promise<LoadedServer> {
    const child = fork(bareServer)
    children.push(child)
    const port = await new Promise<number>((resolve) => child.once('message', resolve))
    return { port, pid: child.pid ?? 0 }
  }

  async function stopServers(): Promise<void> {
    const exits = children.splice(0).map((child) => {
      const exit = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      return child.exitCode === null && child.signalCode === null ? exit : undefined
    })
    await Promise.all(exits)
  }

  async function close(): Promise<void> {
    await stopServers()
    await redis.stop()
    await keySet.close()
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    const replicas = await Promise.all(dataFolders.map(startReplica))
    const bareServers = await Promise.all(dataFolders.map(startBareServer))
    return {
      target: { issuer, resource },
      replicas,
      bareServers,
      async verifyRecords(tell) {
        tell('stopping the replicas')
        await stopServers()
        const found: AuditVerification[] = []
        for (const dataFolder of dataFolders) {
          tell(`reading what replica ${found.length + 1} has on record`)
          found.push(await verifyAuditLog(join(dataFolder, 'audit.db')))
        }
        return found
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function noSettings(_index: number): Record<string, string> {
  return {}
}

async function untilReady(port: number): Promise<void> {
  const giveUpAt = performance.now() + 30_000
  while (performance.now() < giveUpAt) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
    if (answer.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`the replica at port ${port} is not ready after 30 s`)
}

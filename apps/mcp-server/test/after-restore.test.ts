import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openAuditLog, queryAuditLog } from '@mcp-identity/audit-log'
import { openCutOffStore } from '@mcp-identity/shared-signals/sqlite'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../src/cli/after-restore.ts', import.meta.url))
const issuer = 'http://localhost:8483/realms/company'
const resource = 'http://localhost:8481/mcp'
let folder: string
let log: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'after-restore-'))
  log = join(folder, 'audit.db')
  const before = await openAuditLog({ path: log, signingKeyFile: join(folder, 'audit-signing-key.pem') })
  for (let count = 0; count < 3; count += 1)
    await before.append({ phase: 'security', action: 'keys_rotated', outcome: 'succeeded', issuer })
  await before.close()
})
afterEach(() => rmSync(folder, { recursive: true }))

/** @returns the exit code, and everything that was written. */
function run(settings: Record<string, string> = {}): Promise<{ status: number | string; text: string }> {
  const env = {
    PATH: process.env.PATH,
    MCP_RESOURCE: resource,
    MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer, audience: resource }]),
    MCP_DATA_DIR: folder,
    MCP_DEVELOPMENT: '1',
    ...settings,
  }
  return new Promise((resolve) =>
    execFile(process.execPath, [program], { env }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, text: stdout + stderr }),
    ),
  )
}

const reasonRefused = (issuedAt: number): string | undefined => {
  const cutOffs = openCutOffStore(join(folder, 'cut-offs.db'), { retentionSeconds: 3_600 })
  const reason = cutOffs.reasonRefused({ issuer, subject: 'alice', issuedAt })
  cutOffs.close()
  return reason
}

describe('a data folder that came out of a backup', () => {
  it('refuses every token issued until now, and none issued later', async () => {
    const { status, text } = await run()
    expect({ status, text }).toMatchObject({ status: 0, text: expect.stringContaining('intact, 3 records') })
    const now = Math.floor(Date.now() / 1000)
    expect(reasonRefused(now - 10)).toBe('all_sessions_ended')
    expect(reasonRefused(now + 1)).toBeUndefined()
  })

  it('has that on record', async () => {
    await run()
    const [record] = await queryAuditLog(log, { afterSequence: 3 })
    expect(record?.event).toMatchObject({
      action: 'revocation_received',
      issuer,
      reason: 'all_sessions_ended',
    })
  })

  it('is left as it is when its audit log was changed', async () => {
    const database = new Database(log)
    database.prepare("UPDATE record SET line = replace(line, 'keys_rotated', 'keys_removed') WHERE sequence = 2").run()
    database.close()
    const { status, text } = await run()
    expect({ status, text }).toMatchObject({ status: 1, text: expect.stringContaining('NOT intact. Record 2') })
    expect(existsSync(join(folder, 'cut-offs.db'))).toBe(false)
  })

  it('says what is wrong with the settings', async () => {
    const { status, text } = await run({ MCP_ISSUERS: '[]' })
    expect({ status, text }).toMatchObject({ status: 2, text: expect.stringContaining('MCP_ISSUERS') })
  })
})

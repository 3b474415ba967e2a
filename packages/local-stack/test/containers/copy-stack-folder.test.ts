import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuditLog, openPersonalDataVault, verifyAuditLog } from '@mcp-identity/audit-log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { copyStackFolder } from '../../src/containers/copy-stack-folder.ts'

let folder: string
const at = (...names: string[]): string => join(folder, ...names)
const stack = (...names: string[]): string => at('stack', ...names)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'copy-stack-folder-'))
  mkdirSync(stack('data', 'mcp-server-1'), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a copy of a stack while it runs', () => {
  it('has every file, readable by whom it was', () => {
    mkdirSync(stack('secrets'), { mode: 0o700 })
    writeFileSync(stack('secrets', 'key.pem'), 'a key', { mode: 0o600 })
    copyStackFolder(stack(), at('copy'))
    expect(readFileSync(at('copy', 'secrets', 'key.pem'), 'utf8')).toBe('a key')
    expect(statSync(at('copy', 'secrets', 'key.pem')).mode & 0o777).toBe(0o600)
    expect(statSync(at('copy', 'secrets')).mode & 0o777).toBe(0o700)
  })

  it('leaves out what is dumped, told again, or nobody’s', () => {
    for (const part of ['postgres', 'redis', 'mcp-server-1']) mkdirSync(stack('data', part), { recursive: true })
    for (const name of [
      'postgres/table',
      'redis/appendonly.aof',
      'mcp-server-1/audit.db.lock',
      'mcp-server-1/a.db-wal',
    ])
      writeFileSync(stack('data', name), 'x')
    writeFileSync(stack('data', 'mcp-server-1', 'key'), 'x')
    copyStackFolder(stack(), at('copy'))
    expect(readdirSync(at('copy', 'data'), { recursive: true })).toEqual(['mcp-server-1', join('mcp-server-1', 'key')])
  })

  it('has a whole audit log, under its signed checkpoint, though records are written meanwhile', async () => {
    const data = (name: string): string => stack('data', 'mcp-server-1', name)
    const vault = openPersonalDataVault(data('audit-personal-data.db'))
    const log = await openAuditLog({
      path: data('audit.db'),
      signingKeyFile: data('audit-signing-key.pem'),
      checkpointIntervalMs: 1,
      personalData: vault,
    })
    const event = {
      phase: 'security',
      action: 'revocation_received',
      outcome: 'succeeded',
      issuer: 'https://keycloak.test/realms/company',
      subject: 'alice',
      email: 'alice@company.test',
    } as const
    const append = (count: number) => Promise.all(Array.from({ length: count }, () => log.append(event)))
    await append(700)
    await log.checkpoint()
    const meanwhile = append(2_000)
    copyStackFolder(stack(), at('copy'))
    await meanwhile
    await log.close()
    vault.close()

    const copy = at('copy', 'data', 'mcp-server-1', 'audit.db')
    const found = await verifyAuditLog(copy)
    expect(found).toMatchObject({ intact: true })
    expect(found.records).toBeGreaterThanOrEqual(700)
    expect(found).toHaveProperty('checkpointSize')
    const reopened = openPersonalDataVault(at('copy', 'data', 'mcp-server-1', 'audit-personal-data.db'))
    const again = await openAuditLog({
      path: copy,
      signingKeyFile: at('copy', 'data', 'mcp-server-1', 'audit-signing-key.pem'),
      personalData: reopened,
    })
    expect((await again.query({ afterSequence: found.records - 1 })).map((record) => record.event.email)).toEqual([
      event.email,
    ])
    expect((await again.append(event)).sequence).toBe(found.records + 1)
    await again.close()
    reopened.close()
  })
})

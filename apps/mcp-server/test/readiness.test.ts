import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { defaultAuditConfig } from '../src/audit-config.ts'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer } from './fixtures/test-server.ts'

type Overrides = Parameters<typeof startTestServer>[0]

/** What `/readyz` of a server that is ready says of each part. */
async function checksWith(overrides: Overrides) {
  const app = await startTestServer(overrides)
  onTestFinished(() => app.stop())
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
  const { checks } = (await (await app.get('/readyz')).json()) as {
    checks: { name: string; warning?: string; ageSeconds?: number }[]
  }
  return Object.fromEntries(checks.map(({ name, ...check }) => [name, check]))
}

it('a server in development mode says so', async () => {
  expect((await checksWith({})).server).toEqual({ ready: true, warning: expect.stringContaining('development mode') })
})

it('a server with signals says how old its oldest news is, and warns of nothing', async () => {
  expect((await checksWith({}))['signal feeds']).toEqual({ ready: true, ageSeconds: expect.any(Number) })
})

it('a server without signals warns', async () => {
  const { warning, ageSeconds } = (await checksWith({ keycloakEvents: [] }))['signal feeds'] ?? {}
  expect([warning, ageSeconds]).toEqual([expect.stringContaining('until they expire'), undefined])
})

it('a server that keeps personal data in the clear warns, and one that encrypts it does not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'readiness-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const checks = await checksWith({ audit: { ...defaultAuditConfig(folder), personalData: undefined } })
  expect(checks['audit log']).toEqual({ ready: true, warning: expect.stringContaining('cannot be erased') })
  expect((await checksWith({}))['audit log']).toEqual({ ready: true })
})

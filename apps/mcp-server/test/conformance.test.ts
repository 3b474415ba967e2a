import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './fixtures/eventually.ts'
import { startTestServer, type TestServer } from './fixtures/test-server.ts'
import { startTokenProxy, type TokenProxy } from './fixtures/token-proxy.ts'

const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'))
const results = mkdtempSync(join(tmpdir(), 'mcp-conformance-'))
let app: TestServer
let proxy: TokenProxy

beforeAll(async () => {
  app = await startTestServer({ conformance: true })
  await eventually(async () => expect((await app.get('/readyz')).status).toBe(200))
  proxy = await startTokenProxy(new URL(app.origin), '/conformance/mcp', 'http://localhost:8480', () =>
    app.tokenOf('anna'),
  )
})
afterAll(async () => {
  await proxy.close()
  await app.stop()
  rmSync(results, { recursive: true, force: true })
})

interface SuiteRun {
  exitCode: number
  required: string
}

/** Runs the official suite with the frozen list of what a revision requires. */
function runSuite(revision: string): Promise<SuiteRun> {
  const options = ['server', '--url', `${proxy.origin}/mcp`, '--requirements', revision, '-o', results]
  return new Promise((resolve) => {
    execFile(process.execPath, [suite, ...options], { cwd: results, maxBuffer: 64_000_000 }, (error, output) => {
      const summary = output.slice(output.indexOf('=== SUMMARY ==='))
      const required = summary.split('Not scored for')[0] ?? ''
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, required })
    })
  })
}

describe('the official conformance suite, through the gate', () => {
  it.each(['2026-07-28', '2025-11-25'])(
    'passes every server scenario that %s requires',
    async (revision) => {
      const { exitCode, required } = await runSuite(revision)
      expect(exitCode, required).toBe(0)
    },
    180_000,
  )
})

describe('without the setting', () => {
  it('there is no such endpoint', async () => {
    const other = await startTestServer()
    expect((await fetch(`${other.origin}/conformance/mcp`, { method: 'POST' })).status).toBe(404)
    await other.stop()
  })
})

it('is refused without a token like every other endpoint', async () => {
  const response = await fetch(`${app.origin}/conformance/mcp`, { method: 'POST', body: '{}' })
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource/conformance/mcp')
})

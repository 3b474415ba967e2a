import type { ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort, type ServerProcess, startServerProcess } from './fixtures/server-process.ts'

const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

function start(settings: Record<string, string>): ServerProcess {
  const server = startServerProcess(settings)
  started.push(server.child)
  return server
}

async function environment(): Promise<Record<string, string>> {
  const port = await freePort()
  const resource = `http://localhost:${port}/mcp`
  const nowhere = `http://localhost:${await freePort()}/realms/company`
  return {
    MCP_PORT: String(port),
    MCP_RESOURCE: resource,
    MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer: nowhere, audience: resource }]),
    MCP_DATA_DIR: mkdtempSync(join(tmpdir(), 'mcp-main-')),
    MCP_DEVELOPMENT: '1',
  }
}

describe('the process', () => {
  it('says every problem and exits with 1 when it is configured wrongly', async () => {
    const run = start({ MCP_PORT: 'many' })
    expect(await run.exit).toBe(1)
    const lines = run.output().trim().split('\n')
    expect(lines.every((line) => line.startsWith('mcp-server: MCP_'))).toBe(true)
    expect(lines.length).toBeGreaterThanOrEqual(3)
  })

  it('comes up before its authorization server, says what it waits for, and stops cleanly', async () => {
    const settings = await environment()
    const run = start(settings)
    const origin = `http://localhost:${settings.MCP_PORT}`
    await run.ready
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
    const readiness = await fetch(`${origin}/readyz`)
    expect(readiness.status).toBe(503)
    expect(await readiness.text()).toContain('"waitsFor":"an answer from http://localhost')
    expect(run.output()).toContain('development mode: http is allowed')
    expect(run.output()).toContain('no signals')
    run.child.kill('SIGTERM')
    expect(await run.exit).toBe(0)
  })

  it('says so when its port is taken', async () => {
    const settings = await environment()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(Number(settings.MCP_PORT), '127.0.0.1', resolve))
    const run = start(settings)
    expect(await run.exit).toBe(1)
    expect(run.output()).toContain('EADDRINUSE')
    await new Promise((resolve) => other.close(resolve))
  })

  it('tells its parent that it listens, and ends when the parent is gone', async () => {
    const run = start(await environment())
    await run.ready
    run.child.disconnect()
    expect(await run.exit).toBe(0)
  })
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { createBrowser } from '../interactive-client.ts'
import { runCommand } from '../real-clients/run-command.ts'

const stack = inject('stack')
const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'))
const driver = join(import.meta.dirname, '../real-clients/conformance-driver.ts')
const revision = '2026-07-28'
const results = mkdtempSync(join(tmpdir(), 'mcp-conformance-'))
afterAll(() => rmSync(results, { recursive: true, force: true }))

describe('the official conformance suite', () => {
  it('passes the realm as an authorization server', async () => {
    const port = '53021'
    const dave = stack.accounts.find(({ username }) => username === 'dave')
    if (dave === undefined) throw new Error('the stack names no account dave')
    const options = ['--url', stack.urls.issuer, '--client-id', stack.clients.cli.clientId, '--port', port]
    const { exitCode, output } = await runCommand(
      process.execPath,
      [suite, 'authorization', ...options, '--resource', stack.urls.mcp],
      {
        cwd: results,
        async onLine(line) {
          if (!line.startsWith(`${stack.urls.issuer}/`)) return undefined
          const page = await createBrowser().open(line, `http://127.0.0.1:${port}/callback`, dave)
          if (page.arrivedAt === undefined) throw new Error(`the sign-in stopped with ${page.status}: ${page.text}`)
          await fetch(page.arrivedAt)
          return undefined
        },
      },
    )
    expect(exitCode, output).toBe(0)
    expect(output).toContain('✓ authorization-server-metadata-endpoint')
    expect(output).toContain('✓ authorization-code-grant')
  })
})

describe(`a client of SDK v2 passes what ${revision} requires of clients`, () => {
  it.each(requiredScenarios())('%s', async (scenario) => {
    const command = `"${process.execPath}" "${driver}"`
    const options = ['--scenario', scenario, '--spec-version', revision, '--command', command]
    const { exitCode, output, errors } = await runCommand(process.execPath, [suite, 'client', ...options], {
      cwd: results,
    })
    expect(exitCode, `${output}\n${errors}`).toBe(0)
  })
})

/** The scenarios about authorization in the suite's frozen list for the revision. */
function requiredScenarios(): string[] {
  const list = execFileSync(process.execPath, [suite, 'list', '--client', '--requirements', revision]).toString()
  const required = list.split('Run and reported')[0] ?? ''
  const scenarios = [...required.matchAll(/^ +- (auth\/\S+)/gm)].map((match) => match[1] ?? '')
  if (scenarios.length === 0) throw new Error('the suite lists no scenario about authorization')
  return scenarios
}

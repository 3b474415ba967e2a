import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { buildRealm, developmentSettings } from '@mcp-identity/keycloak-realm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Alter, type Subject, startSubject } from '../doctor/subject.ts'

const program = fileURLToPath(new URL('../../src/cli/doctor.ts', import.meta.url))
const packageFile = fileURLToPath(new URL('../../package.json', import.meta.url))
const unused = 'http://127.0.0.1:9/mcp'

async function doctor(...flags: string[]) {
  const child = spawn(process.execPath, [program, ...flags], { env: { ...process.env, NO_COLOR: '1' } })
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { stdout, stderr, exitCode }
}

let subject: Subject
let folder: string
const cachedRefusal: Alter = (what, { headers }) => {
  if (what === 'anonymous call') delete headers['cache-control']
}
const noRegistration: Alter = (what, answer) => {
  if (what === 'authorization server') answer.body = { ...(answer.body as object), registration_endpoint: undefined }
}

async function start(alter?: Alter): Promise<string> {
  subject = await startSubject(alter)
  return subject.mcp
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'))
})

afterEach(async () => {
  await subject?.close()
  rmSync(folder, { recursive: true })
})

describe('pnpm run doctor', () => {
  it('ends with 0 when nothing is found', async () => {
    const { stdout, exitCode } = await doctor('--mcp', await start())
    expect(stdout).toContain('Nothing found by ')
    expect(exitCode).toBe(0)
  })

  it('ends with 1 for an error, and says what was seen and what mends it', async () => {
    const { stdout, exitCode } = await doctor('--mcp', await start(cachedRefusal))
    expect(stdout).toContain('✗ RS-14  refusals are not cached')
    expect(stdout).toContain('seen: no Cache-Control: no-store')
    expect(stdout).toContain('mend: Send Cache-Control: no-store')
    expect(stdout).toMatch(/^1 finding by 1 of \d+ rules\.$/m)
    expect(exitCode).toBe(1)
  })

  it('ends with 1 for a warning', async () => {
    const { stdout, exitCode } = await doctor('--mcp', await start(noRegistration))
    expect(stdout).toContain('! AS-09')
    expect(exitCode).toBe(1)
  })

  it('ends with 0 when all that is found is to be ignored, and says so', async () => {
    const { stdout, exitCode } = await doctor('--mcp', await start(noRegistration), '--ignore', 'AS-09')
    expect(stdout).toContain('Ignored: AS-09.')
    expect(exitCode).toBe(0)
  })

  it('examines an exported realm, with more than one finding a rule', async () => {
    const mcp = await start()
    const realm = buildRealm({ ...developmentSettings(), resource: mcp })
    for (const client of realm.clients ?? []) client.fullScopeAllowed = true
    writeFileSync(join(folder, 'realm.json'), JSON.stringify(realm))
    const { stdout, exitCode } = await doctor('--mcp', mcp, '--realm', join(folder, 'realm.json'), '--json')
    const { findings, realmExamined } = JSON.parse(stdout) as { findings: { rule: string }[]; realmExamined: boolean }
    expect(realmExamined).toBe(true)
    expect(new Set(findings.map(({ rule }) => rule))).toEqual(new Set(['KC-11']))
    expect(findings.length).toBeGreaterThan(1)
    expect(exitCode).toBe(1)
  })

  it('ends with 2 when nothing answers', async () => {
    const mcp = await start()
    await subject.close()
    const { stdout, stderr, exitCode } = await doctor('--mcp', mcp)
    expect(stdout).toBe('')
    expect(stderr).toContain(`nothing answers at ${mcp}`)
    expect(stderr).toContain('Start the MCP server')
    expect(exitCode).toBe(2)
  })

  it.each([
    ['a flag that does not exist', ['--what'], "unknown option '--what'"],
    ['an address that is none', ['--mcp', 'mcp.company.com'], 'an http or https address is needed'],
    ['an origin with a path', ['--origin', 'https://console.company.com/'], 'without a path'],
    ['a rule that does not exist', ['--ignore', 'AS-99'], 'there are RS-02'],
    ['a realm that cannot be read', ['--mcp', unused, '--realm', '/no/such/file.json'], 'cannot be read: ENOENT'],
    ['a realm that is no JSON', ['--mcp', unused, '--realm', program], 'is no JSON'],
    ['a file that is no realm', ['--mcp', unused, '--realm', packageFile], 'is no export of a realm with its clients'],
  ])('ends with 2 for %s', async (_title, flags, message) => {
    const { stderr, exitCode } = await doctor(...flags)
    expect(stderr).toContain(message)
    expect(exitCode).toBe(2)
  })

  it('says its exit codes in --help', async () => {
    const { stdout, exitCode } = await doctor('--help')
    for (const line of ['0  nothing found', '1  findings', '2  not examined']) expect(stdout).toContain(line)
    expect(exitCode).toBe(0)
  })
})

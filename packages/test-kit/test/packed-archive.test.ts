import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  installedNodes,
  type PackedProject,
  packProject,
  publintMessages,
  typeProblems,
} from '@mcp-identity/packed-package'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

let packed: PackedProject

beforeAll(() => {
  packed = packProject({ packageFolder })
}, 240_000)

afterAll(() => packed.remove())

describe('the packed archive', () => {
  it('holds what runs, its types and its README, and nothing else', () => {
    expect(packed.filesBesideBuild()).toEqual(['LICENSE', 'README.md', 'package.json'])
  })

  it('depends on nothing', () => {
    expect(packed.manifest().dependencies ?? {}).toEqual({})
  })

  it.each(installedNodes())('mints a token and serves its key on Node at %s', (node) => {
    const script = `
      import { mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
      const keySet = await serveKeySet()
      const { keys } = await (await fetch(keySet.jwksUri)).json()
      await keySet.close()
      const [header] = mintAccessToken({ provider: 'keycloak' }).split('.')
      const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
      console.log(keys.some((key) => key.kid === kid))`
    expect(packed.evaluate(node, script)).toBe('true')
  })

  it('passes publint', async () => {
    expect(await publintMessages(packed.archive)).toEqual([])
  })

  it('passes are-the-types-wrong, as a package of modules alone', { timeout: 60_000 }, async () => {
    expect(await typeProblems(packed.archive)).toEqual([])
  })
})

describe('the command of the packed archive', () => {
  it.each(['resource-server --help', '--help', ''])('shows its help, asked by "%s"', (words) => {
    expect(command(...words.split(' ').filter(Boolean))).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--issuer-port'),
    })
  })

  it.each([
    ['no address', ['resource-server'], '--url must be'],
    ['an address that is none', ['resource-server', '--url', 'x'], '--url must be'],
    ['another command', ['client'], 'the command must be resource-server, found client'],
    ['an unknown option', ['resource-server', '--bogus'], "Unknown option '--bogus'"],
    [
      'an unknown provider',
      ['resource-server', '--url', 'http://127.0.0.1:9', '--provider', 'x'],
      '--provider must be',
    ],
    ['a port that is none', ['resource-server', '--url', 'http://127.0.0.1:9', '--issuer-port', 'x'], '--issuer-port'],
    [
      'claims that are no JSON',
      ['resource-server', '--url', 'http://127.0.0.1:9', '--claims', '{'],
      '--claims must be',
    ],
  ] as const)('says what is wrong with %s, and where to read on', (_what, args, said) => {
    const { status, stdout, stderr } = command(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr).toContain('See test-kit resource-server --help')
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

function command(...args: readonly string[]) {
  const file = join(packed.project, 'node_modules', '.bin', 'test-kit')
  return spawnSync(process.execPath, [file, ...args], { cwd: packed.project, encoding: 'utf8' })
}

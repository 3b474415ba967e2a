import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const { resolve } = createRequire(import.meta.url)

let folder: string
let project: string
let archive: string

/** Packs the test kit and installs the archive into an empty project: nothing is fetched. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'test-kit-'))
  project = mkdtempSync(join(folder, 'project-'))
  const compiler = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc')
  run(process.execPath, [compiler, '-p', 'tsconfig.build.json'], packageFolder)
  const [packer = '', ...packerArgs] = packCommand()
  run(packer, [...packerArgs, 'pack', '--pack-destination', folder], packageFolder)
  archive = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '')
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', archive], project)
}, 240_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed archive', () => {
  it('holds what runs, its types and its README, and nothing else', () => {
    const files = readdirSync(installed(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed().length + 1))
    const others = files.filter((file) => !/^dist\/.+\.(?:d\.ts|js)$/.test(file))
    expect(others.toSorted()).toEqual(['LICENSE', 'README.md', 'package.json'])
  })

  it('depends on nothing', () => {
    expect(JSON.parse(readFileSync(join(installed(), 'package.json'), 'utf8')).dependencies ?? {}).toEqual({})
  })

  it.each(nodes())('mints a token and serves its key on Node at %s', (node) => {
    const script = `
      import { mintAccessToken, serveKeySet } from '@mcp-identity/test-kit'
      const keySet = await serveKeySet()
      const { keys } = await (await fetch(keySet.jwksUri)).json()
      await keySet.close()
      const [header] = mintAccessToken({ provider: 'keycloak' }).split('.')
      const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
      console.log(keys.some((key) => key.kid === kid))`
    expect(run(node, ['--input-type=module', '--eval', script], project).trim()).toBe('true')
  })

  it('passes publint', async () => {
    const { messages } = await publint({ pack: { tarball: new Uint8Array(readFileSync(archive)).buffer } })
    expect(messages).toEqual([])
  })

  it('passes are-the-types-wrong, as a package of modules alone', { timeout: 60_000 }, async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(archive)))
    const problems = 'problems' in result ? result.problems : ['no types']
    expect(problems.filter((problem) => !isOfOldResolution(problem))).toEqual([])
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
  const file = join(project, 'node_modules', '.bin', 'test-kit')
  return spawnSync(process.execPath, [file, ...args], { cwd: project, encoding: 'utf8' })
}

/** Ways of finding a module that know no package of ECMAScript modules alone: Node 10, and `require` with types. */
function isOfOldResolution(problem: string | object): boolean {
  return (
    typeof problem === 'object' && 'resolutionKind' in problem && /^node10$|-cjs$/.test(String(problem.resolutionKind))
  )
}

function installed(): string {
  return join(project, 'node_modules', '@mcp-identity', 'test-kit')
}

/** The package manager that runs the tests, since it alone writes publishConfig into the archive. */
function packCommand(): readonly string[] {
  const packer = process.env.npm_execpath ?? ''
  if (!/pnpm/.test(packer)) return ['npx', '-y', 'pnpm@12']
  return /\.[cm]?js$/.test(packer) ? [process.execPath, packer] : [packer]
}

/** Every Node that is installed here: the workspace's, and mostly an older one of the machine. */
function nodes(): readonly string[] {
  const found = (process.env.PATH ?? '').split(delimiter).map((each) => join(each, 'node'))
  return [...new Set([process.execPath, ...found.filter((path) => existsSync(path))])]
}

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

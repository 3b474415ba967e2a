import { execFileSync } from 'node:child_process'
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
const compiler = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc')

let folder: string
let project: string
let archive: string

/** Packs the library and what it depends on, and installs the archives: nothing is fetched. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'token-verifier-'))
  project = mkdtempSync(join(folder, 'project-'))
  run(process.execPath, [compiler, '-p', 'tsconfig.build.json'], packageFolder)
  const [packer = '', ...packerArgs] = packCommand()
  run(packer, [...packerArgs, 'pack', '--pack-destination', folder], packageFolder)
  archive = archiveIn(folder, 'token-verifier')
  run('npm', ['pack', dirname(resolve('jose/package.json')), '--pack-destination', folder, '--silent'], folder)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', archiveIn(folder, 'jose'), archive], project)
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

  it('has jose as its one dependency', () => {
    const { dependencies } = JSON.parse(readFileSync(join(installed(), 'package.json'), 'utf8'))
    expect(Object.keys(dependencies)).toEqual(['jose'])
  })

  it.each(nodes())('is imported and refuses a token on Node at %s', (node) => {
    const script = `
      import { createAccessTokenVerifier, keycloak, TokenError } from '@mcp-identity/token-verifier'
      const issuers = [keycloak({ issuer: 'https://keycloak.company.com/realms/company' })]
      const verifier = createAccessTokenVerifier({ resource: 'https://mcp.company.com/mcp', issuers })
      const error = await verifier.verify('a.b.c').catch((error) => error)
      verifier.close()
      console.log(error instanceof TokenError && error.reason)`
    expect(run(node, ['--input-type=module', '--eval', script], project).trim()).toBe('malformed')
  })

  it('brings a command that explains', () => {
    const command = join(project, 'node_modules', '.bin', 'token-verifier')
    expect(run(process.execPath, [command, 'explain', '--help'], project)).toContain('token-verifier explain')
  })

  it('has types that a strict project compiles with', { timeout: 120_000 }, () => {
    const text = `
      import { createAccessTokenVerifier, keycloak, type VerifiedAccessToken } from '@mcp-identity/token-verifier'
      const issuers = [keycloak({ issuer: 'https://keycloak.company.com/realms/company' })]
      const verifier = createAccessTokenVerifier({ resource: 'https://mcp.company.com/mcp', issuers })
      export const token: Promise<VerifiedAccessToken> = verifier.verify('')\n`
    writeFileSync(join(project, 'main.ts'), text)
    const types = join(dirname(resolve('@types/node/package.json')), '..')
    const options = [
      '--strict',
      '--noEmit',
      '--pretty',
      'false',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      '--typeRoots',
      types,
      '--types',
      'node',
    ]
    expect(run(process.execPath, [compiler, ...options, 'main.ts'], project)).toBe('')
  })

  it('passes publint', async () => {
    const tarball = readFileSync(archive)
    const { messages } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer } })
    expect(messages).toEqual([])
  })

  it('passes are-the-types-wrong, as a package of modules alone', { timeout: 60_000 }, async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(archive)))
    const problems = 'problems' in result ? result.problems : ['no types']
    expect(problems.filter((problem) => !isOfOldResolution(problem))).toEqual([])
  })
})

/** Ways of finding a module that know no package of ECMAScript modules alone: Node 10, and `require` with types. */
function isOfOldResolution(problem: string | object): boolean {
  return (
    typeof problem === 'object' && 'resolutionKind' in problem && /^node10$|-cjs$/.test(String(problem.resolutionKind))
  )
}

function installed(): string {
  return join(project, 'node_modules', '@mcp-identity', 'token-verifier')
}

function archiveIn(where: string, name: string): string {
  const file = readdirSync(where).find((each) => each.includes(name) && each.endsWith('.tgz'))
  if (file === undefined) throw new Error(`there is no archive of ${name}`)
  return join(where, file)
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

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

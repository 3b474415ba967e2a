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
  folder = mkdtempSync(join(tmpdir(), 'shared-signals-'))
  project = mkdtempSync(join(folder, 'project-'))
  run(process.execPath, [compiler, '-p', 'tsconfig.build.json'], packageFolder)
  const [packer = '', ...packerArgs] = packCommand()
  run(packer, [...packerArgs, 'pack', '--pack-destination', folder], packageFolder)
  archive = archiveIn(folder, 'shared-signals')
  run('npm', ['pack', dirname(resolve('jose/package.json')), '--pack-destination', folder, '--silent'], folder)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  const options = ['--offline', '--no-audit', '--no-fund', '--legacy-peer-deps']
  run('npm', ['install', ...options, archiveIn(folder, 'jose'), archive], project)
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

  it('has jose as its one dependency; what keeps state in a database is for the application to install', () => {
    const { dependencies, peerDependenciesMeta } = JSON.parse(readFileSync(join(installed(), 'package.json'), 'utf8'))
    expect(Object.keys(dependencies)).toEqual(['jose'])
    expect(Object.values(peerDependenciesMeta).every((peer) => (peer as { optional: boolean }).optional)).toBe(true)
  })

  it.each(nodes())('is imported, refuses what is forged and remembers a cut-off on Node at %s', (node) => {
    const script = `
      import { createCutOffState, createSignalReceivers } from '@mcp-identity/shared-signals'
      const state = createCutOffState({ retentionSeconds: 3660 })
      const receivers = createSignalReceivers({
        baseUrl: 'https://mcp.company.com/signals',
        transmitters: [{ issuer: 'https://idp.company.com', audience: 'a', jwksUri: 'https://idp.company.com/jwks' }],
        onSignals: (signals) => signals.forEach(state.apply),
      })
      const headers = { 'content-type': 'application/secevent+jwt' }
      const request = new Request('https://mcp.company.com/signals/ssf', { method: 'POST', headers, body: 'a.b.c' })
      const answer = await receivers.handle(request)
      state.cutOff({ issuer: 'i', subject: 'alice', notBefore: 1000, cause: 'account_disabled' })
      console.log(answer.status, state.reasonRefused({ issuer: 'i', subject: 'alice', issuedAt: 1000 }))`
    expect(run(node, ['--input-type=module', '--eval', script], project).trim()).toBe('400 account_disabled')
  })

  it('has types that a strict project compiles with', { timeout: 120_000 }, () => {
    const text = `
      import { createSignalReceivers, type Signal, type SignalReceivers } from '@mcp-identity/shared-signals'
      const taken: Signal[] = []
      export const receivers: SignalReceivers = createSignalReceivers({
        baseUrl: 'https://mcp.company.com/signals',
        transmitters: [{ issuer: 'https://idp.company.com', audience: 'a', jwksUri: 'https://idp.company.com/jwks' }],
        onSignals: (signals) => void taken.push(...signals),
      })\n`
    writeFileSync(join(project, 'main.ts'), text)
    const types = join(dirname(resolve('@types/node/package.json')), '..')
    const settings = ['--strict', '--noEmit', '--pretty', 'false', '--target', 'es2023', '--module', 'nodenext']
    const options = [...settings, '--typeRoots', types, '--types', 'node']
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
  return join(project, 'node_modules', '@mcp-identity', 'shared-signals')
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

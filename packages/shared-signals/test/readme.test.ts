import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { undocumentedOptions } from '@mcp-identity/packed-package'
import { expect, it, onTestFinished } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

/** What the examples take for given: the application's own, or made by an example above. */
const given: Record<string, string> = {
  addresses: 'ReadonlyMap<string, string>',
  answer503: '() => void',
  audiences: 'ReadonlyMap<string, string>',
  clientId: 'string',
  clientSecret: 'string',
  cutOffs: "import('@mcp-identity/shared-signals/sqlite').CutOffStore",
  database: "import('better-sqlite3').Database",
  disable: '(username: string) => void',
  issuer: 'string',
  privateJwk: "import('jose').JWK",
  receiverOf: "(request: Request) => import('@mcp-identity/shared-signals').StreamReceiver | undefined",
  remoteAddress: 'string',
  request: 'Request',
  token: "import('@mcp-identity/shared-signals').TokenFacts & { subject: string }",
}

it('names every option', () => {
  expect(undocumentedOptions(packageFolder)).toEqual([])
})

it('shows code that compiles', { timeout: 120_000 }, () => {
  const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  const folder = mkdtempSync(join(packageFolder, 'test', 'readme-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  // An example ends where the application goes on with what it made.
  const settings = { extends: '../../tsconfig.json', include: ['*.ts'], compilerOptions: { noUnusedLocals: false } }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  for (const [number, code] of examples.entries()) {
    writeFileSync(join(folder, `example-${number}.ts`), `${declarationsFor(code)}\n${code}`)
  }
  const options = ['--noEmit', '--pretty', 'false', '-p', folder]
  const { stdout } = spawnSync(process.execPath, [compiler, ...options], { encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(examples.length).toBeGreaterThan(4)
})

function declarationsFor(code: string): string {
  return Object.entries(given)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`\\bconst ${name}\\b`).test(code))
    .map(([name, type]) => `declare const ${name}: ${type}`)
    .join('\n')
}

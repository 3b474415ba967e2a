import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { undocumentedOptions } from '@mcp-identity/packed-package'
import { expect, it, onTestFinished } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

it('names every option', () => {
  expect(undocumentedOptions(packageFolder)).toEqual([])
})

it('shows code that compiles', { timeout: 120_000 }, () => {
  const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  const folder = mkdtempSync(join(packageFolder, 'test', 'readme-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }))
  for (const [number, code] of examples.entries()) writeFileSync(join(folder, `example-${number}.ts`), code)
  const { stdout } = spawnSync(process.execPath, [compiler, '--noEmit', '--pretty', 'false', '-p', folder], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
  expect(examples.length).toBeGreaterThan(2)
})

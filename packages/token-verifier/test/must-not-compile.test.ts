import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const folder = fileURLToPath(new URL('must-not-compile', import.meta.url))
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

it('lets nothing unverified pass for a verified access token', { timeout: 120_000 }, () => {
  const { stdout, status } = spawnSync(process.execPath, [compiler, '--noEmit', '--pretty', 'false', '-p', folder], {
    encoding: 'utf8',
  })
  const errors = stdout.split('\n').flatMap((line) => {
    const [, place = '', error = ''] =
      /unverified-token\.ts\((\d+),\d+\): error (TS\d+: (?:Property '[^']+'|\w+))/.exec(line) ?? []
    return error === '' ? [] : [`line ${place}: ${error}`]
  })
  expect(status).not.toBe(0)
  expect(errors).toEqual([
    'line 9: TS2740: Type',
    "line 12: TS2741: Property '[verified]'",
    'line 37: TS2345: Argument',
    "line 41: TS2339: Property 'push'",
  ])
})

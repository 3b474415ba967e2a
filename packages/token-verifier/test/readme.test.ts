import { fileURLToPath } from 'node:url'
import { compileExamples, undocumentedOptions } from '@mcp-identity/packed-package'
import { expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

it('names every option', () => {
  expect(undocumentedOptions(packageFolder)).toEqual([])
})

it('shows code that compiles', { timeout: 120_000 }, () => {
  expect(compileExamples(packageFolder)).toEqual({ examples: 3, problems: '' })
})

import { fileURLToPath } from 'node:url'
import { compileExamples, undocumentedOptions } from '@mcp-identity/packed-package'
import { expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

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
  expect(compileExamples(packageFolder, given)).toEqual({ examples: 5, problems: '' })
})

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { compileExamples } from '../src/index.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What examples take for given. */
const given: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'apps/mcp-server': {
    claim: "import('@mcp-identity/audit-log/browser').RecordClaimText",
    keptVerifierKey: 'string',
  },
  'packages/active-directory': {
    ca: 'string',
    memory: "Parameters<typeof import('@mcp-identity/active-directory').watchDirectory>[0]['memory']",
    password: 'string',
    tell: '(changes: readonly unknown[]) => Promise<void>',
  },
  'packages/keycloak-realm': {
    exported: "import('@mcp-identity/keycloak-realm').CompanyRealm",
    settings: "import('@mcp-identity/keycloak-realm').RealmSettings",
  },
  'packages/local-stack': {
    accessToken: 'string',
    refreshToken: 'string',
    stack: "import('@mcp-identity/local-stack').Stack",
  },
}

/** Published packages look at their own. */
const published = ['mcp-authorization', 'shared-signals', 'test-kit', 'token-verifier'].map(
  (name) => `packages/${name}`,
)
const withExamples = ['apps', 'packages']
  .flatMap((parent) => readdirSync(`${root}${parent}`).map((name) => `${parent}/${name}`))
  .filter((place) => existsSync(`${root}${place}/README.md`) && !published.includes(place))
  .filter((place) => readFileSync(`${root}${place}/README.md`, 'utf8').includes('\n```ts\n'))

it.each(withExamples)('%s shows code that compiles', { timeout: 120_000 }, (place) => {
  expect(compileExamples(`${root}${place}`, given[place]).problems).toBe('')
})

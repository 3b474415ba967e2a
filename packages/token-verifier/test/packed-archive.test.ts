import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  compileStrictly,
  installedNodes,
  type PackedProject,
  packProject,
  publintMessages,
  run,
  typeProblems,
} from '@mcp-identity/packed-package'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const { resolve } = createRequire(import.meta.url)

let packed: PackedProject

beforeAll(() => {
  packed = packProject({ packageFolder, dependencies: [dirname(resolve('jose/package.json'))] })
}, 240_000)

afterAll(() => packed.remove())

describe('the packed archive', () => {
  it('holds what runs, its types and its README, and nothing else', () => {
    expect(packed.filesBesideBuild()).toEqual(['LICENSE', 'README.md', 'package.json'])
  })

  it('has jose as its one dependency', () => {
    const { dependencies = {} } = packed.manifest()
    expect(Object.keys(dependencies)).toEqual(['jose'])
  })

  it.each(installedNodes())('is imported and refuses a token on Node at %s', (node) => {
    const script = `
      import { createAccessTokenVerifier, keycloak, TokenError } from '@mcp-identity/token-verifier'
      const issuers = [keycloak({ issuer: 'https://keycloak.company.com/realms/company' })]
      const verifier = createAccessTokenVerifier({ resource: 'https://mcp.company.com/mcp', issuers })
      const error = await verifier.verify('a.b.c').catch((error) => error)
      verifier.close()
      console.log(error instanceof TokenError && error.reason)`
    expect(packed.evaluate(node, script)).toBe('malformed')
  })

  it('brings a command that explains', () => {
    const command = join(packed.project, 'node_modules', '.bin', 'token-verifier')
    expect(run(process.execPath, [command, 'explain', '--help'], packed.project)).toContain('token-verifier explain')
  })

  it('has types that a strict project compiles with', { timeout: 120_000 }, () => {
    const text = `
      import { createAccessTokenVerifier, keycloak, type VerifiedAccessToken } from '@mcp-identity/token-verifier'
      const issuers = [keycloak({ issuer: 'https://keycloak.company.com/realms/company' })]
      const verifier = createAccessTokenVerifier({ resource: 'https://mcp.company.com/mcp', issuers })
      export const token: Promise<VerifiedAccessToken> = verifier.verify('')\n`
    writeFileSync(join(packed.project, 'main.ts'), text)
    expect(compileStrictly(packed.project, 'main.ts')).toBe('')
  })

  it('passes publint', async () => {
    expect(await publintMessages(packed.archive)).toEqual([])
  })

  it('passes are-the-types-wrong, as a package of modules alone', { timeout: 60_000 }, async () => {
    expect(await typeProblems(packed.archive)).toEqual([])
  })
})

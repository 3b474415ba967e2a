import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { archiveIn, compileStrictly, packInto, run } from '@mcp-identity/packed-package'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const ownPackages = { 'mcp-authorization': packageFolder, 'token-verifier': join(packageFolder, '../token-verifier') }
const subpaths = ['', '/node', '/fetch', '/express', '/fastify', '/hono']

let folder: string
let project: string

/** Packs the library and the verifier, unpacks them into an empty project, and links what they need: nothing is fetched. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-authorization-'))
  project = join(folder, 'project')
  for (const [name, own] of Object.entries(ownPackages)) {
    packInto(folder, own)
    const target = join(project, 'node_modules/@mcp-identity', name)
    mkdirSync(target, { recursive: true })
    run('tar', ['-xzf', archiveIn(folder, name), '-C', target, '--strip-components', '1'], folder)
  }
  for (const [name, needed] of Object.entries(neededPackages())) {
    const link = join(project, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(needed, link)
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
}, 240_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed archive', () => {
  it('holds what runs, its types and its README, and nothing else', () => {
    const installed = join(project, 'node_modules/@mcp-identity/mcp-authorization')
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    expect(files.filter((file) => !/^dist\/.+\.(?:d\.ts|js)$/.test(file)).toSorted()).toEqual(
      expect.arrayContaining(['README.md', 'package.json']),
    )
    expect(files.some((file) => /^(?:src|test|bench|examples)\//.test(file))).toBe(false)
  })

  it('needs no framework that is not used', () => {
    const script = `
      import { createProtectedResource } from '@mcp-identity/mcp-authorization'
      import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
      import { toFetchHandler } from '@mcp-identity/mcp-authorization/fetch'
      import { mcpExpress } from '@mcp-identity/mcp-authorization/express'
      import { mcpFastify } from '@mcp-identity/mcp-authorization/fastify'
      import { mcpHono } from '@mcp-identity/mcp-authorization/hono'
      const verifier = { verify: () => Promise.reject(new Error('not used')) }
      const resource = createProtectedResource({
        resource: 'https://mcp.company.com/mcp', authorizationServers: ['https://login.company.com'], verifier, scopesSupported: ['read'],
      })
      console.log(resource.challenge(), [toNodeListener, toFetchHandler, mcpExpress, mcpFastify, mcpHono].map((each) => typeof each).join())`
    expect(run(process.execPath, ['--input-type=module', '--eval', script], project).trim()).toBe(
      'Bearer scope="read", resource_metadata="https://mcp.company.com/.well-known/oauth-protected-resource/mcp" ' +
        'function,function,function,function,function',
    )
  })

  it('lets a strict project compile, and stops it where a token was not verified', () => {
    const good = `
      import { createMcpEndpoint, createProtectedResource, protectTool } from '@mcp-identity/mcp-authorization'
      import { toNodeListener } from '@mcp-identity/mcp-authorization/node'
      import { createAccessTokenVerifier, keycloak } from '@mcp-identity/token-verifier'
      const resource = 'https://mcp.company.com/mcp'
      const verifier = createAccessTokenVerifier({ resource, issuers: [keycloak({ issuer: 'https://login.company.com/realms/a' })] })
      const protectedResource = createProtectedResource({ resource, authorizationServers: [], verifier, scopesSupported: [] })
      const tool = protectTool({ name: 'a', scopes: [], handler: (_args, { token }) => ({ content: [{ type: 'text', text: token.subject }] }) })
      export const listener = toNodeListener(createMcpEndpoint({ protectedResource, serverInfo: { name: 'a', version: '1' }, tools: [tool] }))\n`
    const misuse = `
      import type { ProtectedResource } from '@mcp-identity/mcp-authorization'
      export const may = (resource: ProtectedResource) => resource.hasScopes({ subject: 'alice', scopes: ['admin'] }, ['admin'])\n`
    writeFileSync(join(project, 'good.ts'), good)
    writeFileSync(join(project, 'misuse.ts'), misuse)
    expect(compile('good.ts')).toBe('')
    expect(compile('misuse.ts')).toContain('misuse.ts(3,')
  }, 120_000)

  it('exports what it says it exports', () => {
    const { exports } = JSON.parse(
      readFileSync(join(project, 'node_modules/@mcp-identity/mcp-authorization/package.json'), 'utf8'),
    )
    expect(Object.keys(exports)).toEqual(subpaths.map((subpath) => `.${subpath}`).toSorted())
  })
})

/** Where the run-time dependencies are: what package.json names and no framework. */
function neededPackages(): Readonly<Record<string, string>> {
  const of = (name: string, own: string): string => realpathSync(join(own, 'node_modules', name))
  return {
    jose: of('jose', ownPackages['token-verifier']),
    'rate-limiter-flexible': of('rate-limiter-flexible', packageFolder),
    '@modelcontextprotocol/server': of('@modelcontextprotocol/server', packageFolder),
  }
}

function compile(file: string): string {
  return compileStrictly(project, file, ['--skipLibCheck'])
}

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
  typeProblems,
} from '@mcp-identity/packed-package'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const { resolve } = createRequire(import.meta.url)

let packed: PackedProject

beforeAll(() => {
  packed = packProject({ packageFolder, dependencies: [dirname(resolve('jose/package.json'))], leavePeers: true })
}, 240_000)

afterAll(() => packed.remove())

describe('the packed archive', () => {
  it('holds what runs, its types and its README, and nothing else', () => {
    expect(packed.filesBesideBuild()).toEqual(['LICENSE', 'README.md', 'package.json'])
  })

  it('has jose as its one dependency; what keeps state in a database is for the application to install', () => {
    const { dependencies = {}, peerDependenciesMeta = {} } = packed.manifest()
    expect(Object.keys(dependencies)).toEqual(['jose'])
    expect(Object.values(peerDependenciesMeta).every(({ optional }) => optional)).toBe(true)
  })

  it.each(installedNodes())('is imported, refuses what is forged and remembers a cut-off on Node at %s', (node) => {
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
    expect(packed.evaluate(node, script)).toBe('400 account_disabled')
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

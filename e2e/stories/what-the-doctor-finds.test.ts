import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportRealm } from '@mcp-identity/local-stack'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { runCommand } from '../run-command.ts'

const stack = inject('stack')

interface ExportedRealm {
  clients: { clientId: string; redirectUris?: string[] }[]
  clientScopes: { name: string; protocolMappers?: unknown[] }[]
}

let folder: string
let realm: ExportedRealm
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-identity-doctor-'))
  const { keycloak } = stack.urls
  const adminPassword = stack.clients.keycloakAdmin.password
  realm = (await exportRealm(stack.realm, { keycloak, adminPassword })) as ExportedRealm
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What the doctor says about the running server and the realm's export after a change. */
async function examine(change: (realm: ExportedRealm) => void = () => undefined) {
  const changed = structuredClone(realm)
  change(changed)
  const file = join(folder, 'realm.json')
  await writeFile(file, JSON.stringify(changed))
  const { mcp, console: page } = stack.urls
  const { code, output, errors } = await runCommand('doctor', '--mcp', mcp, '--realm', file, '--origin', page, '--json')
  expect(errors).toBe('')
  const { findings, realmExamined, authorizationServers } = JSON.parse(output)
  expect({ realmExamined, authorizationServers }).toEqual({
    realmExamined: true,
    authorizationServers: [stack.urls.issuer],
  })
  const seen = (findings as { rule: string; seen: string }[]).map(({ rule, seen }) => [rule, seen])
  return { code, seen }
}

describe('the doctor, on the running stack and an export of its realm', () => {
  it('finds nothing', async () => {
    expect(await examine()).toEqual({ code: 0, seen: [] })
  })

  it('finds a redirect to anywhere', async () => {
    const { code, seen } = await examine(({ clients }) => {
      for (const client of clients) if (client.clientId === 'mcp-cli') client.redirectUris = ['https://*']
    })
    expect([code, seen.length]).toEqual([1, 1])
    expect(String(seen)).toContain('mcp-cli')
  })

  it('finds a scope whose tokens the server would refuse', async () => {
    const { code, seen } = await examine(({ clientScopes }) => {
      for (const scope of clientScopes) if (scope.name === 'read:customers') scope.protocolMappers = []
    })
    expect(code).toBe(1)
    expect(seen).toContainEqual(['KC-21', `clientScopes[read:customers] has no audience mapper for ${stack.urls.mcp}`])
  })
})

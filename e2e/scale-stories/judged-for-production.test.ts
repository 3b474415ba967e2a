import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportRealm } from '@mcp-identity/local-stack'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { runCommand } from '../run-command.ts'

describe.runIf(inject('containers'))('the doctor judges the stack of several for production', () => {
  const stack = inject('stack')
  let folder: string
  let found: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-identity-doctor-'))
    const adminPassword = stack.clients.keycloakAdmin.password
    const file = join(folder, 'realm.json')
    await writeFile(
      file,
      JSON.stringify(await exportRealm(stack.realm, { keycloak: stack.urls.keycloak, adminPassword })),
    )
    const { mcp, console: page } = stack.urls
    const flags = ['--production', '--mcp', mcp, '--realm', file, '--origin', page, '--json']
    const { output, errors } = await runCommand('doctor', ...flags)
    expect(errors).toBe('')
    found = (JSON.parse(output).findings as { rule: string; seen: string }[]).map(({ rule, seen }) => `${rule} ${seen}`)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('finds nothing but what makes it a demonstration: a clock that can be set, an open admin console', () =>
    expect(found).toEqual([
      'PR-05 server: development mode: never beyond your own machine',
      `PR-07 ${stack.urls.keycloak}/admin/master/console/`,
    ]))
})

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type DevFlags, devCommand, trustOf } from '../../src/cli/dev-command.ts'
import { findWorkspaceRoot } from '../../src/stack-folder.ts'

const directory = join(findWorkspaceRoot(), '.local')

describe('pnpm dev', () => {
  test('starts in the foreground, by whatever way to run Keycloak there is', async () => {
    expect(await parse()).toEqual({ flags: { keycloak: 'auto', directory } })
  })

  test.each([
    [['--detach'], { keycloak: 'auto', detach: true }],
    [['--stop'], { keycloak: 'auto', stop: true }],
    [['--status'], { keycloak: 'auto', status: true }],
    [['--reset', '--detach'], { keycloak: 'auto', reset: true, detach: true }],
    [['--keycloak', 'jvm'], { keycloak: 'jvm' }],
    [['--keycloak=docker'], { keycloak: 'docker' }],
    [['--replicas', '3'], { keycloak: 'auto', replicas: 3 }],
    [['--directory', '/stacks/one'], { keycloak: 'auto', directory: '/stacks/one' }],
    [['--corporate-idp', 'saml'], { keycloak: 'auto', corporateIdp: 'saml' }],
  ])('understands %j', async (args, flags) => {
    expect(await parse(...args)).toEqual({ flags: { directory, ...flags } })
  })

  test('lets people sign in over SAML 2.0 when told to, behind Keycloak', () => {
    expect(trustOf({ corporateIdp: 'saml' })).toEqual({ provider: 'generic', issuer: 'keycloak', protocol: 'saml' })
    expect(trustOf({ corporateIdp: 'okta' })).toEqual({ provider: 'okta', issuer: 'keycloak' })
  })

  test.each([
    [['--detatch'], /unknown option '--detatch'.*Did you mean --detach\?/s],
    [['--stpo'], /unknown option '--stpo'.*Did you mean --stop\?/s],
    [['--keycloack', 'jvm'], /unknown option '--keycloack'.*Did you mean --keycloak\?/s],
    [['--verbose'], /unknown option '--verbose'/],
    [['--keycloak', 'podman'], /argument 'podman' is invalid. Allowed choices are auto, jvm, docker/],
    [['--keycloak'], /argument missing/],
    [['--replicas', '0'], /argument '0' is invalid. a whole number from 1 to 5 is needed/],
    [['--replicas', '6'], /argument '6' is invalid. a whole number from 1 to 5 is needed/],
    [['--replicas', '2', '--stop'], /cannot be used with/],
    [['--issuer', 'saml'], /argument 'saml' is invalid/],
    [['stop'], /too many arguments/],
    [['--stop', '--detach'], /cannot be used with/],
    [['--stop', '--reset'], /cannot be used with/],
    [['--status', '--detach'], /cannot be used with/],
  ])('refuses %j, says why, and names the help', async (args, complaint) => {
    const { flags, errors } = await parse(...args)
    expect(flags).toBeUndefined()
    expect(errors).toMatch(complaint)
    expect(errors).toContain('pnpm dev --help')
  })

  test('explains every flag and every variable', () => {
    let help = ''
    devCommand(async () => {})
      .configureOutput({ writeOut: (text) => (help += text) })
      .outputHelp()
    for (const word of [
      '--detach',
      '--stop',
      '--status',
      '--reset',
      '--keycloak',
      '--replicas',
      'PORT_BASE',
      'KEYCLOAK_HOME',
      'KEYCLOAK_DIST',
    ]) {
      expect(help).toContain(word)
    }
  })
})

async function parse(...args: string[]): Promise<{ flags?: DevFlags; errors?: string }> {
  let flags: DevFlags | undefined
  let errors = ''
  const command = devCommand(async (given) => {
    flags = given
  })
  command.exitOverride().configureOutput({ writeErr: (text) => (errors += text) })
  try {
    await command.parseAsync(args, { from: 'user' })
  } catch {
    return { errors }
  }
  return flags === undefined ? { errors } : { flags }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.ts'
import { startCompany } from './support/company.ts'

let folder: string
let development: NodeJS.ProcessEnv
let production: NodeJS.ProcessEnv

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'corporate-idp-config-'))
  const secretFile = join(folder, 'secret')
  writeFileSync(secretFile, 'a secret of the tests\n')
  development = {
    IDP_PORT: '8482',
    IDP_ISSUER: 'http://localhost:8482',
    IDP_DATA_DIR: folder,
    IDP_DEVELOPMENT: '1',
    IDP_KEYCLOAK_ISSUER: 'http://localhost:8483/realms/company',
    IDP_KEYCLOAK_URL: 'http://localhost:8483',
    IDP_BROKER_CLIENT_SECRET_FILE: secretFile,
    IDP_PROVISIONER_SECRET_FILE: secretFile,
    IDP_ADMIN_SECRET_FILE: secretFile,
    IDP_ADMIN_RESOURCE: 'http://localhost:8482/admin',
  }
  production = {
    ...development,
    IDP_DEVELOPMENT: '0',
    IDP_ISSUER: 'https://login.company.com',
    IDP_KEYCLOAK_ISSUER: 'https://id.company.com/realms/company',
    IDP_KEYCLOAK_URL: 'https://id.company.com',
    IDP_ADMIN_RESOURCE: 'https://login.company.com/admin',
    IDP_ADMIN_SECRET_FILE: undefined,
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the configuration', () => {
  it('has defaults for the names of the clients', () => {
    expect(readConfig(development)).toMatchObject({
      port: 8482,
      development: true,
      keycloak: {
        brokerClient: { clientId: 'keycloak-broker', secret: 'a secret of the tests' },
        provisioner: { clientId: 'corporate-idp-provisioner' },
      },
      admin: { developmentSecret: 'a secret of the tests', allowedOrigins: [] },
    })
  })

  it('may be told to provision nobody, and needs the client for it otherwise', () => {
    const withoutClient = { ...development, IDP_PROVISIONER_SECRET_FILE: undefined }
    expect(readConfig({ ...withoutClient, IDP_PROVISIONING: 'none' }).keycloak).not.toHaveProperty('provisioner')
    expect(() => readConfig(withoutClient)).toThrow('IDP_PROVISIONER_SECRET_FILE is not set')
    expect(() => readConfig({ ...development, IDP_PROVISIONING: 'off' })).toThrow('must be scim or none')
  })

  it('needs no secret of the broker where people sign in over SAML, and needs it otherwise', () => {
    const withoutSecret = { ...development, IDP_BROKER_CLIENT_SECRET_FILE: undefined }
    expect(readConfig({ ...withoutSecret, IDP_KEYCLOAK_PROTOCOL: 'saml' }).keycloak).toMatchObject({ protocol: 'saml' })
    expect(() => readConfig(withoutSecret)).toThrow('IDP_BROKER_CLIENT_SECRET_FILE is not set')
    expect(readConfig(development).keycloak).toMatchObject({ protocol: 'oidc' })
    expect(() => readConfig({ ...development, IDP_KEYCLOAK_PROTOCOL: 'ldap' })).toThrow('must be oidc or saml')
  })

  it('is refused with all problems at once', () => {
    expect(() => readConfig({ ...development, IDP_PORT: 'x', IDP_ISSUER: 'company', IDP_DATA_DIR: undefined })).toThrow(
      /IDP_PORT[\s\S]*IDP_ISSUER[\s\S]*IDP_DATA_DIR/,
    )
  })

  it('says of a variable that it is not set', () => {
    expect(() => readConfig({})).toThrow(/- IDP_PORT is not set\n- IDP_ISSUER is not set\n/)
  })

  it('leads away from a port that is taken', async () => {
    let port = 0
    const company = await startCompany((config) => {
      port = config.port
      return config
    })
    await expect(startCompany((config) => ({ ...config, port }))).rejects.toThrow(
      `Port ${port} is taken by another program; set IDP_PORT to a free one.`,
    )
    await company.stop()
  })

  it.each([
    ['IDP_PORT', '99999', /IDP_PORT must be a port/],
    ['IDP_BROKER_CLIENT_SECRET_FILE', '/no/such/file', /cannot be read/],
    ['IDP_ISSUER', 'http://localhost:8482/', /no slash at its end/],
    ['IDP_ADMIN_ORIGINS', '*', /must be origins/],
    ['IDP_SIGNAL_RECEIVERS', '[{"clientId":"mcp-server"}]', /IDP_SIGNAL_RECEIVERS/],
    ['IDP_SIGNAL_RECEIVERS', '{', /must be JSON/],
  ])('is refused: %s=%s', (variable, value, message) => {
    expect(() => readConfig({ ...development, [variable]: value })).toThrow(message)
  })

  it('is refused when a secret is too short, without showing it', () => {
    const path = join(folder, 'short')
    writeFileSync(path, 'hunter2')
    expect(() => readConfig({ ...development, IDP_PROVISIONER_SECRET_FILE: path })).toThrow(/fewer than 16 characters/)
    expect(() => readConfig({ ...development, IDP_PROVISIONER_SECRET_FILE: path })).not.toThrow(/hunter2/)
  })
})

describe('production', () => {
  it('accepts https without a development secret', () => {
    expect(readConfig(production)).toMatchObject({ development: false })
  })

  it('refuses http', () => {
    expect(() => readConfig({ ...production, IDP_ISSUER: 'http://login.company.com' })).toThrow(
      /must be https unless IDP_DEVELOPMENT=1/,
    )
  })

  it('refuses to push security events over http', () => {
    const receiver = { clientId: 'mcp-server', clientSecretFile: development.IDP_ADMIN_SECRET_FILE, audience: 'mcp' }
    const receivers = (change: object) => ({
      ...production,
      IDP_SIGNAL_RECEIVERS: JSON.stringify([{ ...receiver, ...change }]),
    })
    expect(readConfig(receivers({ pushTo: 'https://mcp.company.com/signals/ssf' })).signalReceivers).toEqual([
      {
        clientId: 'mcp-server',
        secret: 'a secret of the tests',
        audience: 'mcp',
        pushTo: 'https://mcp.company.com/signals/ssf',
      },
    ])
    expect(() => readConfig(receivers({ pushTo: 'http://mcp.company.com/signals/ssf' }))).toThrow(
      /IDP_SIGNAL_RECEIVERS must be https/,
    )
  })

  it('refuses the development secret of the admin API', () => {
    const file = development.IDP_ADMIN_SECRET_FILE
    expect(() => readConfig({ ...production, IDP_ADMIN_SECRET_FILE: file })).toThrow(/is for development/)
  })

  it('refuses a directory with published passwords', async () => {
    let dataDir = ''
    const company = await startCompany((config) => {
      dataDir = config.dataDir
      return config
    })
    await expect(startCompany((config) => ({ ...config, development: false, dataDir }))).rejects.toThrow(
      /published passwords \(alice, anna, bob, carol, dave, erin, ivan\)/,
    )
    await company.stop()
  })
})

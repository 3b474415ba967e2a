import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { keycloakBuildOptions, keycloakStartOptions } from '@mcp-identity/keycloak-realm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { layOutContainers } from '../../src/containers/lay-out-containers.ts'
import { readStackFile } from '../../src/stack-file.ts'
import { findWorkspaceRoot } from '../../src/stack-folder.ts'

const accounts = [{ username: 'alice', password: 'alice-at-company', groups: ['Customer Admins'] }]
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lay-out-containers-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const layOut = () => layOutContainers({ folder, portBase: 9000, realmProfile: 'stable', accounts })
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const filesIn = (place: string): string[] =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

describe('what containers need before they start', () => {
  it('is readable by its owner only', async () => {
    await layOut()
    for (const file of filesIn(folder)) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600])
  })

  it('keeps the secrets of the run before', async () => {
    const before = await layOut()
    const after = await layOut()
    expect(after).toEqual(before)
  })

  it('gives each part its own secrets and no other', async () => {
    const { clients } = await layOut()
    const admin = clients.keycloakAdmin.password
    const places = ['corporate-idp', 'mcp-server'].flatMap((place) => filesIn(join(folder, place)))
    expect(places.length).toBeGreaterThan(3)
    for (const file of places) expect(readFileSync(file, 'utf8')).not.toContain(admin)
    expect(read('keycloak/secrets.env')).toContain(`KC_BOOTSTRAP_ADMIN_PASSWORD=${admin}\n`)
    expect(read('keycloak/keycloak.conf')).not.toContain(admin)
  })

  it('lets Keycloak reach the corporate IdP inside the network, and browsers outside', async () => {
    await layOut()
    const realm = JSON.parse(read('keycloak/import/company-realm.json'))
    expect(realm.identityProviders[0].config).toMatchObject({
      authorizationUrl: 'http://localhost:9002/auth',
      tokenUrl: 'http://corporate-idp.localhost:9002/token',
    })
  })

  it('starts Keycloak with the options of every start', async () => {
    await layOut()
    const options = read('keycloak/keycloak.conf').trim().split('\n')
    expect(options).toEqual(expect.arrayContaining(keycloakStartOptions.map((option) => option.slice(2))))
  })

  it('is described by paths that fit wherever the folder is', async () => {
    await layOut()
    expect(readStackFile(join(folder, 'stack.json'))).toMatchObject({
      accounts,
      urls: { mcp: 'http://localhost:9001/mcp' },
      clockFile: join(folder, 'clock/policy-clock'),
      clients: { service: { privateKeyFile: join(folder, 'secrets/nightly-report-key.json') } },
    })
  })
})

describe('what several nodes behind a proxy need', () => {
  const layOutSeveral = () =>
    layOutContainers({ folder, portBase: 9000, realmProfile: 'stable', scale: 'several', accounts })

  it('is reached by https alone, and found by who trusts its authority', async () => {
    const { urls, authorityFile } = await layOutSeveral()
    for (const address of [...Object.values(urls).flat()]) expect(address).toMatch(/^https:\/\/localhost:90\d\d/)
    expect(urls.replicas).toEqual([9006, 9007, 9008].map((port) => `https://localhost:${port}/mcp`))
    const authority = new X509Certificate(read(authorityFile ?? ''))
    const servers: [part: string, name: string][] = [
      ['keycloak', 'keycloak-2'],
      ['mcp-server', 'mcp-server-3'],
      ['redis', 'redis'],
      ['postgres', 'postgres'],
      ['proxy', 'keycloak.localhost'],
    ]
    for (const [part, name] of servers) {
      const certificate = new X509Certificate(read(`${part}/server.pem`))
      expect([part, certificate.verify(authority.publicKey), certificate.checkHost(name)]).toEqual([part, true, name])
    }
  })

  it('leaves the authority’s key with the secrets, and each password with who needs it', async () => {
    await layOutSeveral()
    const holders = (secret: string): string[] =>
      filesIn(folder)
        .filter((file) => readFileSync(file, 'utf8').includes(secret))
        .map((file) => relative(folder, file))
        .sort()
    expect(holders(read('secrets/authority-key.pem'))).toEqual(['secrets/authority-key.pem'])
    expect(holders(read('secrets/database-password'))).toEqual([
      'keycloak/secrets.env',
      'postgres/password',
      'secrets/database-password',
    ])
    expect(holders(read('secrets/shared-store-password'))).toEqual([
      'mcp-server/shared-store-password',
      'postgres/first-start/mcp.sql',
      'secrets/shared-store-password',
    ])
    expect(holders(read('secrets/redis-password'))).toEqual([
      'mcp-server/redis-password',
      'redis/redis.conf',
      'secrets/redis-password',
    ])
  })

  it('keeps authority, passwords and the key of evidence of the run before', async () => {
    const names = ['authority.pem', 'database-password', 'shared-store-password', 'redis-password']
    const files = [...names.map((name) => `secrets/${name}`), 'mcp-server/evidence-signing-key.pem']
    await layOutSeveral()
    const kept = files.map(read)
    await layOutSeveral()
    expect(files.map(read)).toEqual(kept)
  })
})

describe('what the chart needs in a cluster', () => {
  const layOutCluster = () =>
    layOutContainers({ folder, portBase: 9000, realmProfile: 'stable', scale: { namespace: 'trial' }, accounts })

  it('is reached by the names of its Services, and each replica by its own', async () => {
    const { urls, authorityFile } = await layOutCluster()
    expect(urls).toMatchObject({ mcp: 'https://stack-mcp-server:8481/mcp', corporateIdp: 'https://corporate-idp:8482' })
    const authority = new X509Certificate(read(authorityFile ?? ''))
    const servers: [part: string, address: string][] = [
      ['keycloak', urls.keycloak],
      ['proxy', urls.corporateIdp],
      ...[urls.mcp, ...(urls.replicas ?? [])].map((address): [string, string] => ['mcp-server', address]),
    ]
    expect(servers).toHaveLength(6)
    for (const [part, address] of servers) {
      const certificate = new X509Certificate(read(`${part}/server.pem`))
      expect(certificate.verify(authority.publicKey)).toBe(true)
      // As a client does: its rule for wildcards is narrower than that of the certificate's own `checkHost`.
      const { hostname } = new URL(address)
      const { subjectAltName: subjectaltname = '' } = certificate
      expect(checkServerIdentity(hostname, { subjectaltname } as PeerCertificate)).toBeUndefined()
    }
  })

  it('lets Keycloak reach the corporate IdP where people do', async () => {
    await layOutCluster()
    const realm = JSON.parse(read('keycloak/import/company-realm.json'))
    expect(realm.identityProviders[0].config).toMatchObject({ tokenUrl: 'https://corporate-idp:8482/token' })
  })
})

describe('what a domain controller behind Keycloak needs', () => {
  const layOutDomain = () =>
    layOutContainers({ folder, portBase: 9000, realmProfile: 'stable', directory: 'active-directory', accounts })

  it('is a realm that reads it by LDAPS under a CA that Keycloak has, with no corporate IdP beside it', async () => {
    await layOutDomain()
    const realm = JSON.parse(read('keycloak/import/company-realm.json'))
    expect(realm.identityProviders).toBeUndefined()
    expect(JSON.stringify(realm.components)).toContain('"ldaps://dc1.corp.company.com"')
    expect(read('keycloak/keycloak.conf')).toContain('truststore-paths=/stack/directory-ca.pem\n')
    const certificate = new X509Certificate(read('active-directory/server.pem'))
    expect(certificate.verify(new X509Certificate(read('keycloak/directory-ca.pem')).publicKey)).toBe(true)
    expect(certificate.checkHost('dc1.corp.company.com')).toBe('dc1.corp.company.com')
  })

  it('is described to programs outside, who reach it at a port of this machine', async () => {
    await layOutDomain()
    expect(readStackFile(join(folder, 'stack.json'))).toMatchObject({
      trust: { directory: 'active-directory' },
      domainController: {
        url: 'ldaps://localhost:9009',
        caFile: join(folder, 'secrets/authority.pem'),
        administrator: { passwordFile: join(folder, 'data/active-directory/administrator-password') },
        reader: { passwordFile: join(folder, 'active-directory/reader-password') },
      },
    })
  })
})

describe('infra/helm', () => {
  it('starts Keycloak with the options of the code', () => {
    const chart = join(findWorkspaceRoot(), 'infra', 'helm', 'mcp-identity-stack', 'templates', 'keycloak.yaml')
    const text = readFileSync(chart, 'utf8')
    for (const option of keycloakStartOptions) expect(text).toContain(`- ${option}\n`)
  })
})

describe('infra/compose.yaml', () => {
  it('builds Keycloak with the options of the code', () => {
    const text = readFileSync(join(findWorkspaceRoot(), 'infra', 'compose.yaml'), 'utf8')
    expect(text).toContain(`KEYCLOAK_BUILD_OPTIONS: ${keycloakBuildOptions.join(' ')}\n`)
  })

  it('builds it for PostgreSQL where there are several nodes', () => {
    const text = readFileSync(join(findWorkspaceRoot(), 'infra', 'compose.scale.yaml'), 'utf8')
    const options = [...keycloakBuildOptions, '--db=postgres', '--metrics-enabled=true']
    expect(text).toContain(`KEYCLOAK_BUILD_OPTIONS: ${options.join(' ')}\n`)
  })
})

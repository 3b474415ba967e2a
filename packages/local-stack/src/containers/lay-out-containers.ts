import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { clientIds, keycloakStartOptions } from '@mcp-identity/keycloak-realm'
import { providers } from '@mcp-identity/provider-dialects'
import { addressesAt, realmName } from '../addresses.ts'
import { portsFrom } from '../ports.ts'
import { writePrivateFile } from '../process/write-private-file.ts'
import { keycloakAdminName, keycloakEnvironment, realmAt } from '../realm.ts'
import { openSecrets, type Secrets } from '../secrets.ts'
import type { RealmProfile } from '../settings.ts'
import { type Account, type StackFile, writeStackFile } from '../stack-file.ts'

export interface ContainersOptions {
  /** Mounted into the containers, part by part; `infra/compose.yaml` says which sees what. */
  folder: string
  /** First port of the stack as the outside sees it; each part listens on the same number inside. */
  portBase: number
  realmProfile: RealmProfile
  /** Who can sign in. */
  accounts: readonly Account[]
  /** Who the parts run as; owns what they read. Absent: whoever runs this. */
  owner?: { uid: number; gid: number }
}

/** Where Keycloak finds the corporate IdP inside the network of the containers: a name of a container there. */
const corporateIdpHost = 'corporate-idp.localhost'

/**
 * Lays out what the containers of one stack need before the first of them starts: secrets, made once at random, the
 * realm to import, the settings of Keycloak, and `stack.json` for programs outside. A second run changes nothing that is
 * in use.
 *
 * Development only: http, an administrator's password on disk, published passwords of people.
 */
export async function layOutContainers(options: ContainersOptions): Promise<StackFile> {
  const { folder } = options
  const places = placesIn(folder)
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true, mode: 0o700 })
  const secrets = await openSecrets(places.secrets)
  layOutKeycloak(places, secrets, options)
  layOutSecrets(places, secrets)
  writePrivateFile(join(places.clock, 'policy-clock'), '')
  const file = describe(secrets, options)
  writeStackFile(join(folder, 'stack.json'), file)
  if (options.owner !== undefined) giveAway(folder, options.owner)
  return file
}

function placesIn(folder: string) {
  return {
    folder,
    secrets: join(folder, 'secrets'),
    keycloak: join(folder, 'keycloak'),
    imports: join(folder, 'keycloak', 'import'),
    corporateIdp: join(folder, 'corporate-idp'),
    mcpServer: join(folder, 'mcp-server'),
    clock: join(folder, 'clock'),
    corporateIdpData: join(folder, 'data', 'corporate-idp'),
    mcpServerData: join(folder, 'data', 'mcp-server'),
    keycloakData: join(folder, 'data', 'keycloak'),
  }
}

type Places = ReturnType<typeof placesIn>

function layOutKeycloak(places: Places, secrets: Secrets, { portBase, realmProfile }: ContainersOptions): void {
  const ports = portsFrom(portBase)
  const addresses = addressesAt(ports)
  const realm = realmAt(addresses, secrets, realmProfile, providers.generic, {
    corporateIdpServerUrl: `http://${corporateIdpHost}:${ports.corporateIdp}`,
  })
  writePrivateFile(join(places.imports, `${realmName}-realm.json`), JSON.stringify(realm))
  const environment = Object.entries(keycloakEnvironment(secrets))
  writePrivateFile(
    join(places.keycloak, 'secrets.env'),
    environment.map(([name, value]) => `${name}=${value}\n`).join(''),
  )
  const options = [
    '--http-enabled=true',
    `--http-port=${ports.keycloak}`,
    `--hostname=${addresses.keycloak}`,
    // Whoever asks inside the network hears addresses inside it; the issuer stays the same.
    '--hostname-backchannel-dynamic=true',
    '--log-level=INFO,io.smallrye.health:ERROR',
    ...keycloakStartOptions,
  ]
  writePrivateFile(join(places.keycloak, 'keycloak.conf'), options.map((option) => `${option.slice(2)}\n`).join(''))
}

/** Each part sees its own secrets only. */
function layOutSecrets(places: Places, secrets: Secrets): void {
  const files: [folder: string, name: string, secret: { value: string }][] = [
    [places.corporateIdp, 'broker-client-secret', secrets.brokerClient],
    [places.corporateIdp, 'provisioner-secret', secrets.provisionerClient],
    [places.corporateIdp, 'directory-admin-secret', secrets.directoryAdmin],
    [places.corporateIdp, 'enterprise-client-secret', secrets.enterpriseClient],
    [places.mcpServer, 'resource-server-secret', secrets.resourceServer],
  ]
  for (const [folder, name, { value }] of files) writePrivateFile(join(folder, name), value)
}

/** Paths are relative to the file: outside the containers the folder has another name. */
function describe(secrets: Secrets, { portBase, accounts, realmProfile }: ContainersOptions): StackFile {
  const addresses = addressesAt(portsFrom(portBase))
  const outside = placesIn('.')
  return {
    ready: true,
    trust: { provider: 'generic', issuer: 'keycloak' },
    pid: process.pid,
    realm: realmName,
    urls: {
      console: addresses.console,
      mcp: addresses.resource,
      issuer: addresses.issuer,
      keycloak: addresses.keycloak,
      corporateIdp: addresses.corporateIdp,
    },
    accounts: [...accounts],
    clients: {
      cli: { clientId: clientIds.cli },
      service: { clientId: clientIds.service, privateKeyFile: join(outside.secrets, 'nightly-report-key.json') },
      directoryAdmin: { secret: secrets.directoryAdmin.value },
      keycloakAdmin: { username: keycloakAdminName, password: secrets.keycloakAdmin.value },
      ...(realmProfile === 'preview'
        ? { enterprise: { clientId: clientIds.enterprise, secret: secrets.enterpriseClient.value } }
        : {}),
    },
    dataDir: 'data',
    auditLog: join(outside.mcpServerData, 'audit.db'),
    clockFile: join(outside.clock, 'policy-clock'),
  }
}

function giveAway(folder: string, { uid, gid }: { uid: number; gid: number }): void {
  chownSync(folder, uid, gid)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    chownSync(path, uid, gid)
    if (entry.isDirectory()) chmodSync(path, 0o700)
  }
}

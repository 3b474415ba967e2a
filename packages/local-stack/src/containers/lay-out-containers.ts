import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { clientIds, keycloakStartOptions } from '@mcp-identity/keycloak-realm'
import { providers } from '@mcp-identity/provider-dialects'
import { type Addresses, addressesAt, realmName } from '../addresses.ts'
import { portsFrom } from '../ports.ts'
import { writePrivateFile } from '../process/write-private-file.ts'
import { keycloakAdminName, keycloakEnvironment, realmAt } from '../realm.ts'
import { openSecrets, type Secrets } from '../secrets.ts'
import type { RealmProfile } from '../settings.ts'
import { type Account, type StackFile, writeStackFile } from '../stack-file.ts'
import { addressesInCluster, replicaAddressesInCluster, serverNamesInCluster } from './cluster-names.ts'
import { alone } from './keycloak-settings.ts'
import {
  directoryCaName,
  domainControllerInside,
  domainControllerOutside,
  layOutActiveDirectory,
} from './lay-out-active-directory.ts'
import {
  authorityName,
  layOutScale,
  postgresOwner,
  replicaAddresses,
  replicaAuditLogs,
  type ServerNames,
  serverNamesInCompose,
} from './lay-out-scale.ts'

export interface ContainersOptions {
  /** Mounted into the containers, part by part; `infra/compose.yaml` says which sees what. */
  folder: string
  /** First port of the stack as the outside sees it; each part listens on the same number inside. */
  portBase: number
  realmProfile: RealmProfile
  /** What the containers of `infra/compose.yaml`, of `infra/compose.scale.yaml`, or of a cluster need. Default `one`. */
  scale?: Scale
  /** With Active Directory behind Keycloak in place of the corporate IdP, as in `infra/compose.active-directory.yaml`. */
  directory?: 'active-directory'
  /** Who can sign in. */
  accounts: readonly Account[]
  /** Who the parts run as; owns what they read. Absent: whoever runs this. */
  owner?: { uid: number; gid: number }
}

/**
 * `one`: one of each part, plain http. `several`: nodes and replicas behind a proxy, over TLS. A namespace: the same in
 * Kubernetes, for `infra/helm/try-in-cluster.sh`; ports are those of the chart then.
 */
export type Scale = 'one' | 'several' | { namespace: string }

/** Where Keycloak finds the corporate IdP inside the network of the containers: a name of a container there. */
const corporateIdpHost = 'corporate-idp.localhost'

/**
 * Lays out what the containers of one stack need before the first of them starts: secrets, made once at random, the
 * realm to import, the settings of Keycloak, and `stack.json` for programs outside. A second run changes nothing that is
 * in use.
 *
 * Development only: plain http or an authority whose key lies beside it, an administrator's password on disk, published passwords of people.
 */
export async function layOutContainers(options: ContainersOptions): Promise<StackFile> {
  const { folder } = options
  const places = placesIn(folder)
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true, mode: 0o700 })
  const secrets = await openSecrets(places.secrets)
  const site = siteOf(options)
  const { addresses, several } = site
  if (options.directory !== undefined) await layOutActiveDirectory(folder, secrets)
  layOutRealm(places, secrets, site, options)
  const keycloak = several === undefined ? alone(addresses) : await layOutScale(folder, addresses, several.names)
  if (options.directory !== undefined) keycloak.options.push(`--truststore-paths=/stack/${directoryCaName}`)
  layOutKeycloak(places, { ...keycloakEnvironment(secrets), ...keycloak.environment }, keycloak.options)
  layOutSecrets(places, secrets)
  writePrivateFile(join(places.clock, 'policy-clock'), '')
  const file = describe(secrets, site, options)
  writeStackFile(join(folder, 'stack.json'), file)
  if (options.owner !== undefined) giveAway(folder, options.owner)
  return file
}

/** Where the parts are, and what they call each other there. */
interface Site {
  addresses: Addresses
  /** Where Keycloak reaches the corporate IdP. */
  corporateIdpInside: string
  several?: { names: ServerNames; replicas: string[] }
}

function siteOf({ scale = 'one', portBase }: ContainersOptions): Site {
  if (typeof scale === 'object') {
    const addresses = addressesInCluster()
    const several = {
      names: serverNamesInCluster(scale.namespace),
      replicas: replicaAddressesInCluster(scale.namespace),
    }
    return { addresses, corporateIdpInside: addresses.corporateIdp, several }
  }
  const scheme = scale === 'one' ? 'http' : 'https'
  const ports = portsFrom(portBase)
  const addresses = addressesAt(ports, scheme)
  return {
    addresses,
    corporateIdpInside: `${scheme}://${corporateIdpHost}:${ports.corporateIdp}`,
    ...(scale === 'one' ? {} : { several: { names: serverNamesInCompose, replicas: replicaAddresses(addresses) } }),
  }
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

function layOutRealm(
  places: Places,
  secrets: Secrets,
  { addresses, corporateIdpInside }: Site,
  { realmProfile, directory }: ContainersOptions,
): void {
  const realm = realmAt(addresses, secrets, realmProfile, providers.generic, {
    corporateIdpServerUrl: corporateIdpInside,
    domainController: directory && domainControllerInside(),
  })
  writePrivateFile(join(places.imports, `${realmName}-realm.json`), JSON.stringify(realm))
}

function layOutKeycloak(places: Places, environment: Record<string, string>, own: readonly string[]): void {
  writePrivateFile(
    join(places.keycloak, 'secrets.env'),
    Object.entries(environment)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  const options = [...own, '--log-level=INFO,io.smallrye.health:ERROR', ...keycloakStartOptions]
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
function describe(
  secrets: Secrets,
  { addresses, several }: Site,
  { accounts, realmProfile, directory, portBase }: ContainersOptions,
): StackFile {
  const outside = placesIn('.')
  return {
    ready: true,
    trust: { provider: 'generic', issuer: 'keycloak', ...(directory === undefined ? {} : { directory }) },
    pid: process.pid,
    realm: realmName,
    urls: {
      console: addresses.console,
      mcp: addresses.resource,
      issuer: addresses.issuer,
      keycloak: addresses.keycloak,
      corporateIdp: addresses.corporateIdp,
      ...(several === undefined ? {} : { replicas: several.replicas }),
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
    ...(directory === undefined ? {} : { domainController: domainControllerOutside(portBase) }),
    dataDir: 'data',
    ...(several === undefined ? { auditLog: join(outside.mcpServerData, 'audit.db') } : replicaAuditLogs()),
    clockFile: join(outside.clock, 'policy-clock'),
    ...(several === undefined ? {} : { authorityFile: join(outside.secrets, authorityName) }),
  }
}

function giveAway(folder: string, owner: { uid: number; gid: number }): void {
  chownSync(folder, owner.uid, owner.gid)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { uid, gid } = postgresOwner(relative(folder, path)) ?? owner
    chownSync(path, uid, gid)
    if (entry.isDirectory()) chmodSync(path, 0o700)
  }
}

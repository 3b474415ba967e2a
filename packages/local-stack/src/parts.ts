import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DomainController } from '@mcp-identity/active-directory/domain-controller'
import {
  clientIds,
  groupGrants,
  identityProviderAlias,
  longestAccessTokenLifespanSeconds,
  toolScopeNames,
} from '@mcp-identity/keycloak-realm'
import {
  issuerEntry,
  type ProviderName,
  providerAddresses,
  providers,
  transmitterEntry,
} from '@mcp-identity/provider-dialects'
import type { Addresses } from './addresses.ts'
import type { Ports } from './ports.ts'
import type { Secrets } from './secrets.ts'
import type { MachineSettings } from './settings.ts'
import type { StackFolder } from './stack-folder.ts'

/** A program of this workspace that belongs to the stack. */
export interface NodePart {
  /** Names its log and its data folder. */
  name: string
  title: string
  /** From the workspace's root. */
  folder: string
  environment: Record<string, string>
  /** Answers 200 when the part is ready. */
  readiness: string
  /** Whether it waits for Keycloak; others start beside it. */
  afterKeycloak: boolean
}

export interface PartsContext {
  settings: Pick<MachineSettings, 'realmProfile'>
  ports: Ports
  addresses: Addresses
  secrets: Secrets
  folder: StackFolder
  trust: Trust
  /** With Active Directory behind Keycloak. */
  domainController: DomainController | undefined
}

/** Which provider signs people in, and whether Keycloak or that provider itself issues the access tokens. */
export interface Trust {
  provider: ProviderName
  issuer: 'keycloak' | 'provider'
  /** Where people are kept in place of the corporate IdP, which does not take part then. Keycloak signs them in itself. */
  directory?: 'active-directory'
  /** How Keycloak lets that provider sign people in. Default: OpenID Connect. */
  protocol?: 'oidc' | 'saml'
}

export const corporateIdpTitle = 'Corporate IdP'
export const directoryWatcherTitle = 'Directory watcher'

/** What the MCP server is called at the corporate IdP, where it receives signals. */
const signalReceiverClientId = 'mcp-server'

/** The programs of the stack beside Keycloak, with everything that each is told. */
export function nodeParts(context: PartsContext): NodePart[] {
  const { domainController } = context
  if (domainController !== undefined)
    return [directoryWatcher(context, domainController), mcpServer(context, trustInKeycloak(context)), console(context)]
  return context.trust.issuer === 'keycloak'
    ? [corporateIdp(context, brokeredBy(context)), mcpServer(context, trustInKeycloak(context)), console(context)]
    : [corporateIdp(context, issuingFor(context)), mcpServer(context, trustInProvider(context))]
}

function corporateIdp(
  { ports, addresses, secrets, folder, trust }: PartsContext,
  role: NodePart['environment'],
): NodePart {
  return {
    name: 'corporate-idp',
    title: corporateIdpTitle,
    folder: 'apps/corporate-idp',
    environment: {
      IDP_PORT: String(ports.corporateIdp),
      IDP_AS: trust.provider,
      IDP_ISSUER: addresses.corporateIdp,
      IDP_DATA_DIR: partData(folder, 'corporate-idp'),
      IDP_DEVELOPMENT: '1',
      IDP_ADMIN_SECRET_FILE: secrets.directoryAdmin.file,
      IDP_ADMIN_RESOURCE: addresses.adminResource,
      IDP_ADMIN_ORIGINS: addresses.console,
      IDP_RESOURCE_SERVERS: JSON.stringify([
        { logoutUri: `${addresses.mcpOrigin}/signals/backchannel-logout`, audience: addresses.resource },
      ]),
      ...role,
    },
    readiness: `${addresses.corporateIdp}/healthz`,
    afterKeycloak: false,
  }
}

function brokeredBy({ settings, addresses, secrets, trust }: PartsContext): NodePart['environment'] {
  return {
    IDP_KEYCLOAK_ISSUER: addresses.issuer,
    IDP_KEYCLOAK_URL: addresses.keycloak,
    IDP_KEYCLOAK_PROTOCOL: trust.protocol ?? 'oidc',
    IDP_BROKER_CLIENT_ID: providers[trust.provider].clientIds.broker,
    IDP_BROKER_CLIENT_SECRET_FILE: secrets.brokerClient.file,
    IDP_PROVISIONER_CLIENT_ID: clientIds.provisioner,
    IDP_PROVISIONER_SECRET_FILE: secrets.provisionerClient.file,
    ...(hasStreams(trust)
      ? {
          IDP_SIGNAL_RECEIVERS: JSON.stringify([
            {
              clientId: signalReceiverClientId,
              clientSecretFile: secrets.signalReceiver.file,
              audience: addresses.resource,
              pushTo: `${addresses.mcpOrigin}/signals/ssf`,
            },
          ]),
        }
      : {}),
    ...(settings.realmProfile === 'preview'
      ? { IDP_ENTERPRISE_CLIENT_SECRET_FILE: secrets.enterpriseClient.file }
      : {}),
  }
}

/** Streams of security events are the book's; the dialects of the providers stay with what their own tokens say. */
function hasStreams({ provider }: Trust): boolean {
  return provider === 'generic'
}

function issuingFor({ addresses }: PartsContext): NodePart['environment'] {
  const scopesOfGroup = Object.fromEntries(groupGrants.map(({ group, toolRoles }) => [group, toolRoles]))
  return { IDP_API: JSON.stringify({ resource: addresses.resource, scopes: toolScopeNames, scopesOfGroup }) }
}

/** Stands where the corporate IdP would: it tells Keycloak what happens in the directory. */
function directoryWatcher(
  { ports, addresses, secrets, folder }: PartsContext,
  { url, caFile, reader, peopleDn, groupsDn }: DomainController,
): NodePart {
  return {
    name: 'directory-watcher',
    title: directoryWatcherTitle,
    folder: 'apps/directory-watcher',
    environment: {
      WATCHER_PORT: String(ports.corporateIdp),
      WATCHER_DATA_DIR: partData(folder, 'directory-watcher'),
      WATCHER_DEVELOPMENT: '1',
      AD_URL: url,
      AD_CA_FILE: caFile,
      AD_BIND_DN: reader.bindDn,
      AD_PASSWORD_FILE: reader.passwordFile,
      AD_PEOPLE_DN: peopleDn,
      AD_GROUPS_DN: groupsDn,
      KEYCLOAK_ISSUER: addresses.issuer,
      KEYCLOAK_CLIENT_ID: clientIds.provisioner,
      KEYCLOAK_CLIENT_SECRET_FILE: secrets.provisionerClient.file,
    },
    readiness: `http://localhost:${ports.corporateIdp}/readyz`,
    afterKeycloak: true,
  }
}

/** As in its image: beside several replicas on one machine, four threads each wait for each other. */
const v8Threads = '--v8-pool-size=1'

function mcpServer({ ports, addresses, folder }: PartsContext, trusted: NodePart['environment']): NodePart {
  return {
    name: 'mcp-server',
    title: 'MCP server',
    folder: 'apps/mcp-server',
    environment: {
      MCP_PORT: String(ports.mcp),
      NODE_OPTIONS: v8Threads,
      MCP_RESOURCE: addresses.resource,
      MCP_DATA_DIR: partData(folder, 'mcp-server'),
      MCP_DEVELOPMENT: '1',
      MCP_ALLOWED_ORIGINS: addresses.console,
      MCP_DEVELOPMENT_CLOCK_FILE: folder.clockFile,
      ...trusted,
    },
    readiness: `${addresses.mcpOrigin}/readyz`,
    afterKeycloak: true,
  }
}

function trustInKeycloak({
  settings,
  addresses,
  secrets,
  trust,
  domainController,
}: PartsContext): NodePart['environment'] {
  const provider = providerAddresses(providers[trust.provider], addresses.corporateIdp)
  return {
    MCP_ISSUERS: JSON.stringify([{ provider: 'keycloak', issuer: addresses.issuer, audience: addresses.resource }]),
    MCP_SIGNALS: JSON.stringify({
      keycloakEvents: [
        { issuer: addresses.issuer, clientId: addresses.resource, clientSecretFile: secrets.resourceServer.file },
      ],
      transmitters: [
        ...(domainController === undefined ? [corporateIdpAsTransmitter()] : []),
        ...(settings.realmProfile === 'preview'
          ? [{ issuer: addresses.issuer, jwksUri: `${addresses.issuer}/protocol/openid-connect/certs` }]
          : []),
      ],
    }),
    MCP_MAX_TOKEN_LIFETIME_SECONDS: String(longestAccessTokenLifespanSeconds),
  }

  function corporateIdpAsTransmitter() {
    return {
      issuer: provider.issuer,
      jwksUri: provider.keys,
      speaksFor: [addresses.issuer],
      broker: { issuer: addresses.issuer, alias: identityProviderAlias },
      ...(hasStreams(trust)
        ? {
            authorizationHeaderFile: secrets.signalPush.file,
            stream: {
              tokenEndpoint: `${addresses.corporateIdp}/token`,
              clientId: signalReceiverClientId,
              clientSecretFile: secrets.signalReceiver.file,
            },
          }
        : {}),
    }
  }
}

/** The verifier's preset for the provider, and the provider as the one who may say that access has ended. */
function trustInProvider({ addresses, trust }: PartsContext): NodePart['environment'] {
  const provider = providers[trust.provider]
  const groups = groupGrants.map(({ group }) => group)
  return {
    MCP_ISSUERS: JSON.stringify([issuerEntry(provider, addresses.corporateIdp, addresses.resource, groups)]),
    MCP_SIGNALS: JSON.stringify({ transmitters: [transmitterEntry(provider, addresses.corporateIdp)] }),
  }
}

function console({ ports, addresses }: PartsContext): NodePart {
  return {
    name: 'console',
    title: 'Console',
    folder: 'apps/console',
    environment: {
      CONSOLE_PORT: String(ports.console),
      CONSOLE_ISSUER: addresses.issuer,
      CONSOLE_CLIENT_ID: clientIds.console,
      CONSOLE_MCP_URL: addresses.resource,
      CONSOLE_CORPORATE_IDP_URL: addresses.corporateIdp,
      CONSOLE_DEVELOPMENT: '1',
    },
    readiness: `${addresses.console}/`,
    afterKeycloak: false,
  }
}

/** The issuer of the stack's access tokens, as the MCP server names it. */
export function issuerOf({ provider, issuer }: Trust, addresses: Addresses): string {
  return issuer === 'keycloak'
    ? addresses.issuer
    : providerAddresses(providers[provider], addresses.corporateIdp).issuer
}

/** Client id of the MCP client that people use on their own machines. */
export function cliClientId({ provider, issuer }: Trust): string {
  return issuer === 'keycloak' ? clientIds.cli : providers[provider].clientIds.cli
}

/** Whether the part is in this workspace. */
export function isPresent(workspaceRoot: string, part: NodePart): boolean {
  return existsSync(join(workspaceRoot, part.folder, 'src', 'main.ts'))
}

/** Where a part keeps its own data. */
export function partData(folder: StackFolder, name: string): string {
  return join(folder.data, name)
}

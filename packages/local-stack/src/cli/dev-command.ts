import { join } from 'node:path'
import { type EmulatedName, emulatedNames } from '@mcp-identity/provider-dialects'
import { Command, Option } from 'commander'
import type { KeycloakChoice } from '../keycloak/choose-runner.ts'
import type { Trust } from '../parts.ts'
import { mostReplicas } from '../ports.ts'
import { findWorkspaceRoot } from '../stack-folder.ts'
import { wholeNumber } from './whole-number.ts'

/** What `pnpm dev` was asked for. */
export interface DevFlags {
  detach?: boolean
  stop?: boolean
  status?: boolean
  reset?: boolean
  keycloak: KeycloakChoice
  /** Where the stack keeps its files. */
  directory: string
  /** Whose dialect the corporate IdP behind Keycloak speaks, or `saml` for one that speaks SAML 2.0. */
  corporateIdp?: EmulatedName | 'saml'
  /** Whose dialect the issuer speaks, in place of Keycloak. */
  issuer?: EmulatedName
  /** How many MCP servers; undefined: one, without a store to share signals. */
  replicas?: number
  /** People are kept in an Active Directory, and Keycloak signs them in itself. */
  activeDirectory?: boolean
}

/** Who signs people in and who issues access tokens, as the flags say. */
export function trustOf({
  corporateIdp = 'generic',
  issuer,
  activeDirectory,
}: Pick<DevFlags, 'corporateIdp' | 'issuer' | 'activeDirectory'>): Trust {
  if (activeDirectory) return { provider: 'generic', issuer: 'keycloak', directory: 'active-directory' }
  if (corporateIdp === 'saml') return { provider: 'generic', issuer: 'keycloak', protocol: 'saml' }
  return issuer === undefined
    ? { provider: corporateIdp, issuer: 'keycloak' }
    : { provider: issuer, issuer: 'provider' }
}

/** The command line of `pnpm dev`; its action gets flags that were checked. */
export function devCommand(run: (flags: DevFlags) => Promise<void>): Command {
  return new Command('pnpm dev')
    .description(
      'Starts Keycloak, the corporate IdP, the MCP server and the console on this machine. Development only.',
    )
    .addOption(
      new Option('--detach', 'return when everything is ready and leave it running').conflicts(['stop', 'status']),
    )
    .addOption(new Option('--stop', 'stop the running stack').conflicts(['detach', 'status', 'reset']))
    .addOption(
      new Option('--status', 'say what runs, and where; exit code 1 when nothing does').conflicts([
        'detach',
        'stop',
        'reset',
      ]),
    )
    .addOption(
      new Option(
        '--reset',
        'start from the code: forget the database of Keycloak, the directory, the customers and the audit log',
      ),
    )
    .addOption(
      new Option('--keycloak <way>', 'how to run Keycloak; auto takes docker where it can, else jvm')
        .choices(['auto', 'jvm', 'docker'])
        .default('auto'),
    )
    .addOption(corporateIdpOption())
    .addOption(issuerOption())
    .addOption(
      new Option(
        '--replicas <number>',
        'so many MCP servers, joined by a Redis and a PostgreSQL; needs redis-server, and PostgreSQL for one view of all of them',
      )
        .argParser(wholeNumber(1, mostReplicas))
        .conflicts(['stop', 'status']),
    )
    .addOption(activeDirectoryOption())
    .addOption(directoryOption())
    .addHelpText('after', environmentHelp)
    .allowExcessArguments(false)
    .showHelpAfterError('See pnpm dev --help.')
    .action(run)
}

/** `--corporate-idp`, the same for every command. */
export function corporateIdpOption(): Option {
  const description = 'whose dialect the corporate IdP behind Keycloak speaks; saml for SAML 2.0'
  return new Option('--corporate-idp <provider>', description).choices([...emulatedNames, 'saml'])
}

/** `--issuer`, the same for every command. */
export function issuerOption(): Option {
  const description = 'no Keycloak: the MCP server trusts a provider that speaks this dialect directly'
  return new Option('--issuer <provider>', description).choices(emulatedNames).conflicts(['corporateIdp'])
}

/** `--active-directory`, the same for every command. */
export function activeDirectoryOption(): Option {
  const description =
    'no corporate IdP: people are kept in a Samba Active Directory on this machine, and Keycloak asks it for their passwords and groups; needs Samba, and root'
  return new Option('--active-directory', description).conflicts(['corporateIdp', 'issuer'])
}

/** `--directory`, the same for every command. */
export function directoryOption(): Option {
  const description = 'where the stack keeps its files; one stack at a time per folder'
  return new Option('--directory <folder>', description).default(join(findWorkspaceRoot(), '.local'), '.local')
}

const environmentHelp = `
Environment:
  PORT_BASE        first of five ports (ten with --replicas), 8480 unless set; another range is taken where one of them is in use
  KEYCLOAK_HOME    an unpacked Keycloak to use instead of a download
  KEYCLOAK_DIST    a Keycloak zip to use instead of a download
  KEYCLOAK_IMAGE   a container image with a built Keycloak; KEYCLOAK_BASE: the image that ours is built on
  XDG_CACHE_HOME   where downloads and builds are kept for all checkouts`

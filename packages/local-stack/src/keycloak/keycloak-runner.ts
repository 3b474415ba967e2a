import { keycloakStartOptions } from '@mcp-identity/keycloak-realm'
import type { Addresses } from '../addresses.ts'
import type { Ports } from '../ports.ts'
import type { BuildContext } from './keycloak-build.ts'

/** What is needed to prepare a way to run Keycloak. */
export type RunnerContext = Omit<BuildContext, 'java'> & { /** Names the container. */ folder: { root: string } }

/** A way to run Keycloak on this machine. */
export interface KeycloakRunner {
  kind: 'jvm' | 'docker'
  /** What runs it, for people, such as `Java 17`. */
  description: string
  /** How to start it. */
  launch(order: KeycloakOrder): KeycloakLaunch
}

export interface KeycloakOrder {
  /** Keycloak's data folder: the database, and the realm to import. Both ways of running read and write the same one. */
  dataFolder: string
  /** Arguments of `kc.sh`. */
  command: string[]
  /** Settings that Keycloak takes from its environment: secrets never stand in a list of processes. */
  environment: Record<string, string>
}

export interface KeycloakLaunch {
  command: string
  args: string[]
  environment: Record<string, string>
  folder: string
  cleanup?: string[]
}

/** The CA that Keycloak trusts beside those of Java, PEM, in its data folder. */
export const truststoreName = 'directory-ca.pem'

/** The `start` command of a Keycloak that was built before, on loopback only. */
export function startCommand(
  { ports, addresses }: { ports: Ports; addresses: Addresses },
  { importRealm, trusts = false }: { importRealm: boolean /** A CA was laid beside the data. */; trusts?: boolean },
): string[] {
  return [
    'start',
    '--optimized',
    ...(importRealm ? ['--import-realm'] : []),
    '--http-enabled=true',
    '--http-host=127.0.0.1',
    `--http-port=${ports.keycloak}`,
    `--http-management-port=${ports.keycloakManagement}`,
    `--hostname=${addresses.keycloak}`,
    ...(trusts ? [`--truststore-paths=\${kc.home.dir}/data/${truststoreName}`] : []),
    '--cache=local',
    // It writes a line for every time that someone asks whether it is ready, and would bury what matters.
    '--log-level=INFO,io.smallrye.health:ERROR',
    ...keycloakStartOptions,
    // The preview realm pushes security events to this machine over http, at once instead of twice a minute.
    '--spi-ssf-transmitter--default--allow-insecure-push-targets=true',
    '--spi-ssf-transmitter--default--outbox-drainer-interval=200ms',
  ]
}

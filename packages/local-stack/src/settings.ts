import { homedir } from 'node:os'
import { join } from 'node:path'
import type { RealmSettings } from '@mcp-identity/keycloak-realm'
import { defaultPortBase, isPortBase } from './ports.ts'
import { StackError } from './stack-error.ts'

export type RealmProfile = RealmSettings['profile']

/** What the environment says about this machine. */
export interface MachineSettings {
  /** First of the five ports; {@link choosePorts} moves on where one is taken. Default 8480. `PORT_BASE` */
  portBase: number
  /** Holds what every checkout shares: the Keycloak distribution and its builds. `XDG_CACHE_HOME` */
  cacheFolder: string
  /** An unpacked Keycloak to use instead of a download. Read, never written to. `KEYCLOAK_HOME` */
  keycloakHome: string | undefined
  /** A Keycloak zip to use instead of a download. `KEYCLOAK_DIST` */
  keycloakDist: string | undefined
  /** A container image that holds a built Keycloak. `KEYCLOAK_IMAGE` */
  keycloakImage: string | undefined
  /** The container image that ours is built on. `KEYCLOAK_BASE` */
  keycloakBase: string | undefined
  /** `JAVA_HOME` */
  javaHome: string | undefined
  /** Profile of the realm: `stable`, or `preview` with what is experimental in Keycloak. Default stable. `REALM_PROFILE` */
  realmProfile: RealmProfile
  /** The environment that every program of the stack starts from. What Node compiles is kept, so that it starts faster. */
  environment: Record<string, string>
}

/**
 * Reads the environment, once.
 *
 * @throws {StackError} `PORT_BASE` is not the start of a range of ports, or `REALM_PROFILE` is not known.
 */
export function readSettings(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): MachineSettings {
  const value = (name: string): string | undefined => environment[name]?.trim() || undefined
  const cacheFolder = join(value('XDG_CACHE_HOME') ?? defaultCacheHome(environment, platform), 'mcp-identity-stack')
  return {
    portBase: readPortBase(value('PORT_BASE')),
    cacheFolder,
    keycloakHome: value('KEYCLOAK_HOME'),
    keycloakDist: value('KEYCLOAK_DIST'),
    keycloakImage: value('KEYCLOAK_IMAGE'),
    keycloakBase: value('KEYCLOAK_BASE'),
    javaHome: value('JAVA_HOME'),
    realmProfile: readRealmProfile(value('REALM_PROFILE')),
    environment: { NODE_COMPILE_CACHE: join(cacheFolder, 'compiled'), ...withoutForeignSettings(environment) },
  }
}

function readPortBase(value: string | undefined): number {
  if (value === undefined) return defaultPortBase
  const base = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (isPortBase(base)) return base
  throw new StackError(`PORT_BASE must be a whole number from 1024 to 65531, found "${value}"`, {
    nextStep: `Leave it out for ${defaultPortBase}.`,
  })
}

function readRealmProfile(value: string | undefined): RealmProfile {
  if (value === undefined || value === 'stable') return 'stable'
  if (value === 'preview') return 'preview'
  throw new StackError(`REALM_PROFILE must be stable or preview, found "${value}"`, {
    nextStep: 'Leave it out for stable.',
  })
}

function defaultCacheHome(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const home = environment.HOME || homedir()
  return platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache')
}

/** Settings of another Keycloak or of the Node that started us would change what the stack's programs do. */
const foreignSettings = /^(KC_|KEYCLOAK_|QUARKUS_|JAVA_OPTS|NODE_OPTIONS$|NODE_CHANNEL_|npm_|pnpm_)/i

function withoutForeignSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !foreignSettings.test(entry[0]),
  )
  return Object.fromEntries(entries)
}

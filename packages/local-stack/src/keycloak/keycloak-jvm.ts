import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findJava } from './java.ts'
import { prepareKeycloak } from './keycloak-build.ts'
import { keycloakArguments } from './keycloak-command.ts'
import type { KeycloakRunner, RunnerContext } from './keycloak-runner.ts'

/**
 * Prepares to run Keycloak as a Java program: finds Java, and builds Keycloak once.
 *
 * @throws {StackError} No Java that is new enough, or no distribution.
 */
export async function prepareJvm(context: RunnerContext): Promise<KeycloakRunner> {
  const { settings } = context
  const java = await findJava(settings)
  const built = await prepareKeycloak({ ...context, java })
  return {
    kind: 'jvm',
    description: `Java ${java.release}`,
    launch({ dataFolder, command, environment }) {
      const home = linkHome(built, dataFolder)
      return {
        command: java.command,
        args: keycloakArguments(home, command),
        environment: { ...settings.environment, ...environment },
        folder: home,
      }
    },
  }
}

const sharedFolders = ['lib', 'conf', 'providers', 'themes']

/** A home of its own whose programs are links into the shared build: only the data belongs to this checkout. */
function linkHome(built: string, dataFolder: string): string {
  const home = dirname(dataFolder)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  for (const name of sharedFolders) {
    rmSync(join(home, name), { force: true, recursive: true })
    symlinkSync(join(built, name), join(home, name), 'dir')
  }
  return home
}

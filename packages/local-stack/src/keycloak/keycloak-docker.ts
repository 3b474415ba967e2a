import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keycloakBuildOptions, keycloakVersion } from '@mcp-identity/keycloak-realm'
import { runKept } from '../process/running-process.ts'
import { trackPart } from '../progress/progress.ts'
import { StackError } from '../stack-error.ts'
import { findWorkspaceRoot } from '../stack-folder.ts'
import { findContainerEngine, hasImage } from './container-engine.ts'
import { fingerprint } from './keycloak-database.ts'
import type { KeycloakLaunch, KeycloakOrder, KeycloakRunner, RunnerContext } from './keycloak-runner.ts'

/**
 * Prepares to run Keycloak in a container: takes `KEYCLOAK_IMAGE`, or builds `infra/images/keycloak` once.
 *
 * @throws {StackError} No engine answers, or the image cannot be had.
 */
export async function prepareDocker(context: RunnerContext): Promise<KeycloakRunner> {
  const engine = await findContainerEngine(context.settings.environment)
  if (engine.outcome === 'missing') {
    throw new StackError(`Keycloak cannot run in a container: ${engine.because}`, {
      nextStep: 'Start Docker, or use --keycloak jvm.',
    })
  }
  const image = context.settings.keycloakImage ?? (await buildImage(context))
  return { kind: 'docker', description: image, launch: (order) => runImage(image, order, context) }
}

/** Like the JVM's: the small collector and the first compiler start in half the time and memory. */
const containerJavaOptions = '-XX:-UseG1GC -XX:+UseSerialGC -XX:TieredStopAtLevel=1'

function runImage(image: string, order: KeycloakOrder, { settings, folder }: RunnerContext): KeycloakLaunch {
  const name = `mcp-identity-keycloak-${createHash('sha256').update(folder.root).digest('hex').slice(0, 8)}`
  const environment = { ...order.environment, JAVA_OPTS_APPEND: containerJavaOptions }
  mkdirSync(order.dataFolder, { recursive: true, mode: 0o700 })
  return {
    command: 'docker',
    args: [
      'run',
      '--rm',
      `--name=${name}`,
      '--network=host',
      `--user=${process.getuid?.() ?? 1000}:0`,
      '--memory=1200m',
      `--volume=${order.dataFolder}:/opt/keycloak/data`,
      // Names only: the value comes from the environment of this command and never stands in a list of processes.
      ...Object.keys(environment).map((variable) => `--env=${variable}`),
      image,
      ...order.command,
    ],
    environment: { ...settings.environment, ...environment },
    folder: order.dataFolder,
    cleanup: ['docker', 'rm', '--force', name],
  }
}

const imageAdvice = 'Name a base image that can be had in KEYCLOAK_BASE, or use --keycloak jvm.'

/** Builds our image, once per Dockerfile, base and build options. */
async function buildImage({ settings, tell, logFile, record, signal }: RunnerContext): Promise<string> {
  const folder = join(findWorkspaceRoot(), 'infra', 'images', 'keycloak')
  const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8')
  const image = `mcp-identity/keycloak:${keycloakVersion}-${fingerprint([dockerfile, settings.keycloakBase, keycloakBuildOptions])}`
  if (await hasImage(image, settings.environment)) return image
  const base = settings.keycloakBase === undefined ? [] : [`--build-arg=KEYCLOAK_BASE=${settings.keycloakBase}`]
  const options = `--build-arg=KEYCLOAK_BUILD_OPTIONS=${keycloakBuildOptions.join(' ')}`
  const args = ['build', `--tag=${image}`, ...base, options, folder]
  await trackPart({ tell, signal }, 'Keycloak image', async (detail) => {
    detail('once for all checkouts')
    const plan = {
      name: 'Keycloak image',
      command: 'docker',
      args,
      environment: settings.environment,
      folder,
      logFile,
      nextStep: imageAdvice,
    }
    await runKept(plan, record, signal)
  })
  return image
}

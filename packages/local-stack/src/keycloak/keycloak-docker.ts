import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { keycloakBuildOptions, keycloakVersion } from '@mcp-identity/keycloak-realm'
import { runKept } from '../process/running-process.ts'
import { trackPart } from '../progress/progress.ts'
import { StackError } from '../stack-error.ts'
import { findWorkspaceRoot } from '../stack-folder.ts'
import type { RunnerContext } from './choose-runner.ts'
import { javaAdvice } from './java.ts'
import { fingerprint } from './keycloak-database.ts'
import type { KeycloakRunner } from './keycloak-runner.ts'

/** The image that ours is built on, unless `KEYCLOAK_BASE` names another. */
export const keycloakBaseImage = `quay.io/keycloak/keycloak:${keycloakVersion}`

export type EngineOutcome = { outcome: 'found'; description: string } | { outcome: 'missing'; because: string }

/** Asks whether a container engine of this machine answers, within five seconds. */
export async function findContainerEngine({ settings }: Pick<RunnerContext, 'settings'>): Promise<EngineOutcome> {
  const answer = await docker(['info', '--format', '{{.ServerVersion}}|{{.OperatingSystem}}'], settings.environment)
  if (answer.outcome === 'failed') return { outcome: 'missing', because: answer.because }
  const [version, system] = answer.output.trim().split('|')
  return { outcome: 'found', description: `Docker ${version} on ${system}` }
}

/**
 * Prepares to run Keycloak in a container: takes `KEYCLOAK_IMAGE`, or builds our image on the official one once.
 *
 * The container shares the network of this machine, since Keycloak and the corporate IdP call each other at
 * `localhost`. Docker Desktop does so only where host networking is switched on in its settings.
 *
 * @throws {StackError} No engine answers, or the image cannot be had.
 */
export async function prepareDocker(context: RunnerContext): Promise<KeycloakRunner> {
  const engine = await findContainerEngine(context)
  if (engine.outcome === 'missing') {
    throw new StackError(`no container engine answers: ${engine.because}`, {
      nextStep: `Start Docker, or leave --keycloak docker out. ${javaAdvice.split(',')[0] ?? ''}`,
    })
  }
  const image = context.settings.keycloakImage ?? (await buildImage(context))
  const name = `mcp-identity-keycloak-${createHash('sha256').update(context.folder.root).digest('hex').slice(0, 8)}`
  return {
    kind: 'docker',
    description: image,
    launch({ dataFolder, command, environment }) {
      mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
      const names = [...Object.keys(environment), 'JAVA_OPTS_APPEND']
      return {
        command: 'docker',
        args: [
          'run',
          '--rm',
          `--name=${name}`,
          '--network=host',
          `--user=${process.getuid?.() ?? 1000}:0`,
          '--memory=1200m',
          `--volume=${dataFolder}:/opt/keycloak/data`,
          // Only the names stand here: the engine's client takes the values from its own environment.
          ...names.map((variable) => `--env=${variable}`),
          image,
          ...command,
        ],
        environment: { ...context.settings.environment, ...environment, JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1' },
        folder: dataFolder,
        cleanup: ['docker', 'rm', '--force', name],
      }
    },
  }
}

/** Builds our image on the official one, once per base and build options. */
async function buildImage(context: RunnerContext): Promise<string> {
  const { settings, tell, logFile, record, signal } = context
  const base = settings.keycloakBase ?? keycloakBaseImage
  const image = `mcp-identity/keycloak:${keycloakVersion}-${fingerprint([base, keycloakBuildOptions])}`
  if (await hasImage(image, settings.environment)) return image
  await trackPart(tell, 'Keycloak image', async (detail) => {
    detail(`${image} on ${base}, once`)
    const folder = join(findWorkspaceRoot(), 'infra', 'images', 'keycloak')
    const args = ['build', `--tag=${image}`, `--build-arg=KEYCLOAK_BASE=${base}`]
    const options = `--build-arg=KEYCLOAK_BUILD_OPTIONS=${keycloakBuildOptions.join(' ')}`
    await runKept(
      {
        name: 'Keycloak image',
        command: 'docker',
        args: [...args, options, folder],
        environment: settings.environment,
        folder,
        logFile,
      },
      record,
      signal,
    )
  })
  return image
}

async function hasImage(image: string, environment: Record<string, string>): Promise<boolean> {
  return (await docker(['image', 'inspect', '--format', '{{.Id}}', image], environment)).outcome === 'done'
}

type DockerAnswer = { outcome: 'done'; output: string } | { outcome: 'failed'; because: string }

function docker(args: string[], environment: Record<string, string>): Promise<DockerAnswer> {
  return new Promise((resolve) => {
    execFile('docker', args, { env: environment, timeout: 5000 }, (error, stdout, stderr) => {
      if (error === null) return resolve({ outcome: 'done', output: stdout })
      const missing = 'code' in error && error.code === 'ENOENT'
      resolve({
        outcome: 'failed',
        because: missing ? 'docker is not installed' : (stderr.trim().split('\n')[0] ?? error.message),
      })
    })
  })
}

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findWorkspaceRoot, readStackFile } from '@mcp-identity/local-stack'
import { DockerComposeEnvironment, type StartedDockerComposeEnvironment, Wait } from 'testcontainers'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Names of the containers by service; `undefined` where no engine answers. */
    containers: Record<string, string> | undefined
    /** What a program has to be told, beside its own environment, to find this stack by `docker compose`. */
    composeEnvironment: Record<string, string>
  }
}

export interface ComposeStack {
  /** In `infra`. */
  file: string
  /** The services that stay up; `setup` ends before them. */
  services: readonly string[]
  /** Sets the published ports. */
  ports: Readonly<Record<string, number>>
}

const run = promisify(execFile)

/**
 * Brings up a file of `infra` as it is, in a folder of its own, for all stories, and removes both at the end.
 *
 * Where no container engine answers the stories are skipped and say so; with `CI=true` they fail. `infra/.env.offline`,
 * where `infra/images/offline/build.sh` wrote one, names the base images.
 */
export async function composeStack(
  project: TestProject,
  composed: ComposeStack,
): Promise<(() => Promise<void>) | undefined> {
  const problem = await engineProblem()
  if (problem !== undefined) {
    if (process.env.CI === 'true') throw new Error(`The container stories cannot run: ${problem}`)
    console.log(`The container stories are skipped: ${problem}`)
    project.provide('containers', undefined)
    return undefined
  }
  // Nothing is left behind without its helper, which some machines cannot pull: `stop` below removes everything.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  const projectName = `mcp-identity-e2e-${process.pid}`
  const containers = Object.fromEntries(
    [...composed.services, 'setup'].map((service) => [service, `${projectName}-${service}-1`]),
  )
  const folder = await mkdtemp(join(tmpdir(), 'mcp-identity-containers-'))
  const settings = environmentOf(projectName, folder, composed)
  project.provide('composeEnvironment', settings)
  try {
    const environment = await up(projectName, settings, composed)
    const stack = readStackFile(join(folder, 'stack.json'))
    if (stack === undefined) throw new Error('setup has written no stack.json')
    project.provide('stack', stack)
    project.provide('logs', folder)
    project.provide('containers', containers)
    return async () => {
      if (process.exitCode !== undefined && process.exitCode !== 0) await printLogs(containers)
      await environment.down({ removeVolumes: true })
      await rm(folder, { recursive: true, force: true })
    }
  } catch (error) {
    await printLogs(containers).catch(() => {})
    await run('docker', ['compose', '--project-name', projectName, 'down', '--volumes'])
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function engineProblem(): Promise<string | undefined> {
  try {
    await run('docker', ['info', '--format', '{{.ServerVersion}}'])
    await run('docker', ['compose', 'version'])
    return undefined
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
      .split('\n')
      .slice(0, 2)
      .join(' ')
  }
}

function environmentOf(projectName: string, folder: string, { ports }: ComposeStack): Record<string, string> {
  const offline = join(infra(), '.env.offline')
  return {
    COMPOSE_PROJECT_NAME: projectName,
    STACK_FOLDER: folder,
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
    ...(existsSync(offline) ? { COMPOSE_ENV_FILES: offline } : {}),
  }
}

function infra(): string {
  return join(findWorkspaceRoot(), 'infra')
}

async function up(
  projectName: string,
  settings: Record<string, string>,
  { file, services }: ComposeStack,
): Promise<StartedDockerComposeEnvironment> {
  const environment = new DockerComposeEnvironment(infra(), file)
    .withBuild()
    .withProjectName(projectName)
    .withEnvironment(settings)
    .withStartupTimeout(300_000)
    .withWaitStrategy('setup-1', Wait.forOneShotStartup())
  for (const service of services) environment.withWaitStrategy(`${service}-1`, Wait.forHealthCheck())
  return environment.up()
}

async function printLogs(containers: Readonly<Record<string, string>>): Promise<void> {
  for (const [service, name] of Object.entries(containers)) {
    const { stdout, stderr } = await run('docker', ['logs', '--tail', '40', name])
    console.error(`--- ${service}\n${stdout}${stderr}`)
  }
}

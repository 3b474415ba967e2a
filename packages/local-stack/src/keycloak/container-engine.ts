import { execFile } from 'node:child_process'

export type EngineOutcome =
  | {
      outcome: 'found'
      description: string /** Whether a container can share this machine's loopback. */
      sharesLoopback: boolean
    }
  | { outcome: 'missing'; because: string }

/**
 * Asks whether a container engine answers, within five seconds.
 *
 * Keycloak and the corporate IdP call each other at `localhost`, so the container has to share this machine's loopback.
 * Docker Desktop shares it only where host networking is switched on; a rootless engine and one on another machine never
 * do.
 */
export async function findContainerEngine(environment: Record<string, string>): Promise<EngineOutcome> {
  const answer = await askDocker(['info', '--format', '{{json .}}'], environment)
  if (answer.outcome === 'failed') return { outcome: 'missing', because: answer.because }
  const { ServerVersion, OperatingSystem, SecurityOptions }: EngineInfo = JSON.parse(answer.output)
  // The command ends well even when only its own half answers.
  if (!ServerVersion) return { outcome: 'missing', because: 'docker is installed, but its engine does not run' }
  const elsewhere = /^(tcp|ssh):/.test(environment.DOCKER_HOST ?? '')
  const rootless = (SecurityOptions ?? []).some((option) => option.includes('rootless'))
  return {
    outcome: 'found',
    description: `Docker ${ServerVersion} on ${OperatingSystem}`,
    sharesLoopback: !elsewhere && !rootless && OperatingSystem !== 'Docker Desktop',
  }
}

interface EngineInfo {
  ServerVersion?: string
  OperatingSystem?: string
  SecurityOptions?: string[]
}

/** Whether the engine has an image of this name. */
export async function hasImage(image: string, environment: Record<string, string>): Promise<boolean> {
  return (await askDocker(['image', 'inspect', '--format', '{{.Id}}', image], environment)).outcome === 'done'
}

type DockerAnswer = { outcome: 'done'; output: string } | { outcome: 'failed'; because: string }

function askDocker(args: string[], environment: Record<string, string>): Promise<DockerAnswer> {
  return new Promise((resolve) => {
    execFile('docker', args, { env: environment, timeout: 5000, maxBuffer: 1 << 22 }, (error, stdout, stderr) =>
      resolve(
        error === null ? { outcome: 'done', output: stdout } : { outcome: 'failed', because: explain(error, stderr) },
      ),
    )
  })
}

function explain(error: Error, stderr: string): string {
  if ('code' in error && error.code === 'ENOENT') return 'docker is not installed'
  if ('killed' in error && error.killed === true) return 'the container engine does not answer within 5 s'
  return stderr.trim().split('\n')[0] || error.message
}

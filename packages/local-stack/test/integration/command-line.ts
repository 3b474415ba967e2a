import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const devFile = fileURLToPath(new URL('../../src/cli/dev.ts', import.meta.url))

export interface Finished {
  code: number | null
  output: string
}

/** `pnpm dev` as a person runs it, with its files in a folder of its own. */
export class DevCommand {
  readonly directory: string
  readonly environment: NodeJS.ProcessEnv

  constructor(directory: string, portBase: number) {
    this.directory = directory
    this.environment = { ...process.env, PORT_BASE: String(portBase) }
  }

  /** Starts it and hands it out while it runs. */
  start(...flags: string[]): { child: ChildProcess; finished: Promise<Finished>; output(): string } {
    const child = spawn(process.execPath, [devFile, '--directory', this.directory, '--keycloak', 'jvm', ...flags], {
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
    const finished = new Promise<Finished>((resolve) => child.once('close', (code) => resolve({ code, output })))
    return { child, finished, output: () => output }
  }

  /** Runs it to its end. */
  run(...flags: string[]): Promise<Finished> {
    return this.start(...flags).finished
  }
}

import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  findWorkspaceRoot,
  readSettings,
  type StackFile,
  type StackOptions,
  startStack,
} from '@mcp-identity/local-stack'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StackFile
    /** The folder of the stack's logs. */
    logs: string
    /** The folder of the MCP server's policies, which it reads anew when they change. */
    policies: string
  }
}

const portBase = '9680'
const linesOnFailure = 40

/** Starts a stack of its own, in a folder of its own, for all stories; it is stopped and removed at the end. */
export default function runningStack(project: TestProject): Promise<() => Promise<void>> {
  return runStack(project)
}

/** The same, with settings of its own. */
export async function runStack(
  project: TestProject,
  options: Pick<StackOptions, 'trust'> = {},
): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-identity-e2e-'))
  const policies = join(directory, 'policies')
  await cp(join(findWorkspaceRoot(), 'packages/policy/policies'), policies, { recursive: true })
  const settings = readSettings({ PORT_BASE: portBase, ...process.env })
  const environment = { ...settings.environment, MCP_POLICY_DIR: policies, MCP_POLICY_WATCH: '1' }
  const stack = await startStack({
    ...options,
    settings: { ...settings, environment },
    directory,
    tell: (event) =>
      event.kind === 'finished' && console.log(`${event.part} ready after ${Math.round(event.elapsedMs)} ms`),
  })
  project.provide('stack', stack.file)
  project.provide('logs', stack.folder.logs)
  project.provide('policies', policies)
  return async () => {
    if (process.exitCode !== undefined && process.exitCode !== 0) await printLogs(stack.folder.logs)
    await stack.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function printLogs(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n')
    console.error(`--- ${name}\n${lines.slice(-linesOnFailure).join('\n')}`)
  }
}

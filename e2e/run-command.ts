import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { findWorkspaceRoot } from '@mcp-identity/local-stack'

/** What a command said, and its exit code. */
export interface Ran {
  code: number | null
  output: string
  errors: string
}

/** Runs a command of the workspace's root, by the name of its file, such as `doctor`. */
export function runCommand(command: string, ...args: string[]): Promise<Ran> {
  const script = join(findWorkspaceRoot(), 'packages/local-stack/src/cli', `${command}.ts`)
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ran: Ran = { code: null, output: '', errors: '' }
  child.stdout.on('data', (chunk) => {
    ran.output += chunk
  })
  child.stderr.on('data', (chunk) => {
    ran.errors += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })))
}

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { findWorkspaceRoot } from '@mcp-identity/local-stack'
import { inject } from 'vitest'

/** What a command said, and its exit code. */
export interface Ran {
  code: number | null
  output: string
  errors: string
}

/** Runs a command of the workspace's root, by the name of its file, such as `doctor`; it trusts the stack's authority. */
export function runCommand(command: string, ...args: string[]): Promise<Ran> {
  const script = join(findWorkspaceRoot(), 'packages/local-stack/src/cli', `${command}.ts`)
  const authority = inject('stack')?.authorityFile
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: authority }) },
  })
  const ran: Ran = { code: null, output: '', errors: '' }
  child.stdout.on('data', (chunk) => {
    ran.output += chunk
  })
  child.stderr.on('data', (chunk) => {
    ran.errors += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })))
}

import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StackError } from './stack-error.ts'

/** Where one stack keeps its files. Nothing in it is worth keeping: `--reset` and deleting the folder are both safe. */
export interface StackFolder {
  root: string
  /** Addresses and accounts of the running stack. */
  stackFile: string
  /** Held by the running stack's main process. */
  lock: string
  /** The processes of the running stack. */
  runRecord: string
  logs: string
  secrets: string
  /** The parts' own data: directory, customers, audit log. */
  data: string
  keycloak: string
  /** The policy clock: an instant, or empty for the real time. */
  clockFile: string
}

export function stackFolderAt(root: string): StackFolder {
  return {
    root,
    stackFile: join(root, 'stack.json'),
    lock: join(root, 'stack.lock'),
    runRecord: join(root, 'processes.json'),
    logs: join(root, 'logs'),
    secrets: join(root, 'secrets'),
    data: join(root, 'data'),
    keycloak: join(root, 'keycloak'),
    clockFile: join(root, 'policy-clock'),
  }
}

/** Makes the folders that are missing, readable by their owner only. */
export function makeStackFolder({ root, logs, secrets, data, keycloak }: StackFolder): void {
  for (const folder of [root, logs, secrets, data, keycloak]) mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/** Forgets everything that was stored, but not the secrets: the next start begins from the code. */
export function resetStackFolder({ data, keycloak }: StackFolder): void {
  for (const folder of [data, keycloak]) rmSync(folder, { recursive: true, force: true })
}

/** What may help a part that does not start. */
export const resetAdvice = 'Where stored data no longer fits the code, pnpm dev --reset starts with none.'

/**
 * The root of this workspace, found from this file upwards.
 *
 * @throws {StackError} This file is not inside a workspace.
 */
export function findWorkspaceRoot(from: string = dirname(fileURLToPath(import.meta.url))): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder
  }
  throw new StackError(`no pnpm-workspace.yaml above ${from}: the local stack runs inside its workspace`)
}

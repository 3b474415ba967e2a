import { join } from 'node:path'
import { Option } from 'commander'
import { StackError } from '../stack-error.ts'
import { readStackFile, type StackFile } from '../stack-file.ts'
import { findWorkspaceRoot, stackFolderAt } from '../stack-folder.ts'
import { readStatus } from '../stack-status.ts'

/** `--directory` of commands that look at a stack. */
export function runningStackOption(): Option {
  return new Option('--directory <folder>', "the running stack's folder").default(
    join(findWorkspaceRoot(), '.local'),
    '.local',
  )
}

/**
 * The stack that runs in a folder.
 *
 * @throws {StackError} None runs there, or it is still starting.
 */
export function runningStack(directory: string): StackFile {
  const status = readStatus(stackFolderAt(directory))
  if (status.outcome === 'ready') return status.file
  const isStarting = status.outcome === 'starting'
  throw new StackError(isStarting ? 'the stack is still starting' : `no stack runs in ${directory}`, {
    nextStep: isStarting ? 'Wait until pnpm dev --status says it is ready.' : 'Start it with pnpm dev --detach.',
  })
}

/**
 * A stack that somebody else started and stops, such as one in containers.
 *
 * @param path Its `stack.json`.
 * @throws {StackError} It cannot be read.
 */
export function namedStack(path: string): StackFile {
  const file = readStackFile(path)
  if (file !== undefined) return file
  throw new StackError(`${path} is no description of a running stack`, {
    nextStep: 'Start one with pnpm dev, or with docker compose as infra/README.md says.',
  })
}

import { join } from 'node:path'
import { StackError } from '../stack-error.ts'
import type { StackFile } from '../stack-file.ts'
import { findWorkspaceRoot, stackFolderAt } from '../stack-folder.ts'
import { readStatus } from '../stack-status.ts'

/** Where the stack of this workspace keeps its files. */
export const defaultDirectory = (): string => join(findWorkspaceRoot(), '.local')

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

import { setTimeout as delay } from 'node:timers/promises'
import { readLockOwner } from './process/file-lock.ts'
import { isRunning, type ProcessIdentity } from './process/process-identity.ts'
import { endLeftovers, signalProcess } from './process/run-record.ts'
import { removeStackFile } from './stack-file.ts'
import type { StackFolder } from './stack-folder.ts'

export type StopOutcome =
  | { outcome: 'stopped'; pid: number; elapsedMs: number }
  /** The main process was gone; these parts were still there and were ended. */
  | { outcome: 'leftovers-ended'; names: string[] }
  | { outcome: 'nothing-runs' }

/**
 * Stops the stack of a folder and waits until none of its processes is left. Stopping twice is no error.
 *
 * @param graceMs How long the main process may take to stop its parts. Default 20000; it is killed after that.
 */
export async function stopStack(folder: StackFolder, graceMs = 20_000): Promise<StopOutcome> {
  const startedAt = performance.now()
  const main = readLockOwner(folder.lock)
  const ran = main !== undefined && isRunning(main)
  if (ran) await stopMain(main, graceMs)
  const names = await endLeftovers(folder.runRecord)
  removeStackFile(folder.stackFile)
  if (ran) return { outcome: 'stopped', pid: main.pid, elapsedMs: performance.now() - startedAt }
  return names.length > 0 ? { outcome: 'leftovers-ended', names } : { outcome: 'nothing-runs' }
}

async function stopMain(main: ProcessIdentity, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  process.kill(main.pid, 'SIGTERM')
  while (isRunning(main) && performance.now() < deadline) await delay(50)
  if (isRunning(main)) signalProcess(main.pid, 'SIGKILL')
  while (isRunning(main)) await delay(20)
}

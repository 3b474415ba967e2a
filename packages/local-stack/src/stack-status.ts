import { readLockOwner } from './process/file-lock.ts'
import { isRunning } from './process/process-identity.ts'
import { type RecordedProcess, readRunRecord } from './process/run-record.ts'
import { readStackFile, type StackFile } from './stack-file.ts'
import type { StackFolder } from './stack-folder.ts'
import { describeStack } from './summary.ts'

export type StackStatus =
  | { outcome: 'ready'; pid: number; file: StackFile; processes: RecordedProcess[] }
  | { outcome: 'starting'; pid: number; processes: RecordedProcess[] }
  /** The main process was killed and these parts have not ended yet. */
  | { outcome: 'killed'; processes: RecordedProcess[] }
  | { outcome: 'nothing-runs' }

/** Says what runs in a folder, by its lock and its record of processes; a file that a killed stack left does not count. */
export function readStatus(folder: StackFolder): StackStatus {
  const main = readLockOwner(folder.lock)
  const processes = readRunRecord(folder.runRecord)
  if (main === undefined || !isRunning(main)) {
    return processes.length > 0 ? { outcome: 'killed', processes } : { outcome: 'nothing-runs' }
  }
  const file = readStackFile(folder.stackFile)
  return file === undefined
    ? { outcome: 'starting', pid: main.pid, processes }
    : { outcome: 'ready', pid: main.pid, file, processes }
}

export function describeStatus(status: StackStatus): string {
  if (status.outcome === 'nothing-runs') return 'Nothing runs here. Start it with pnpm dev.'
  const processes = status.processes.map(({ name, pid }) => `  ${String(pid).padStart(8)}  ${name}`)
  if (status.outcome === 'killed')
    return ['The stack was killed; pnpm dev --stop ends what is left:', ...processes].join('\n')
  const main = `  ${String(status.pid).padStart(8)}  main process`
  if (status.outcome === 'starting') return ['The stack is starting.', main, ...processes].join('\n')
  return [describeStack(status.file), '', 'Processes', main, ...processes].join('\n')
}

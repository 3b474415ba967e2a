import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { StackError } from '../stack-error.ts'
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.ts'
import { writePrivateFile } from './write-private-file.ts'

/** A process that the stack started. */
export interface RecordedProcess extends ProcessIdentity {
  /** The part it belongs to; a part and its keeper share one name. */
  name: string
  /** A command that removes what the process leaves behind when it is killed, such as a container. */
  cleanup?: string[]
}

/** The processes of a running stack, on disk, so that whoever comes after a killed stack can end them. */
export interface RunRecord {
  /** Remembers a process that was just started. One that has already ended is not remembered. */
  add(name: string, pid: number, cleanup?: string[]): void
  remove(): void
}

/** Starts an empty record at `path`, replacing what was there. */
export function openRunRecord(path: string): RunRecord {
  const processes: RecordedProcess[] = []
  writePrivateFile(path, '[]')
  return {
    add(name, pid, cleanup) {
      const identity = identifyProcess(pid)
      if (identity === undefined) return
      processes.push({ name, ...identity, ...(cleanup === undefined ? {} : { cleanup }) })
      writePrivateFile(path, JSON.stringify(processes, undefined, 2))
    },
    remove: () => rmSync(path, { force: true }),
  }
}

/** The processes of the record that still run. A number that now belongs to another process is left out. */
export function readRunRecord(path: string): RecordedProcess[] {
  return readWholeRecord(path).filter(isRunning)
}

/**
 * Ends the processes that a killed stack left behind: asks first, then kills, then cleans up.
 *
 * @param path The record of the killed stack; removed at the end.
 * @param graceMs How long a process may take to end when asked. Default 8000.
 * @returns The names of the processes that were still there.
 * @throws {StackError} A process does not end even when killed.
 */
export async function endLeftovers(path: string, graceMs = 8000): Promise<string[]> {
  const recorded = readWholeRecord(path)
  const leftovers = recorded.filter(isRunning)
  for (const { pid } of leftovers) signalProcess(pid, 'SIGTERM')
  await waitForEnd(leftovers, graceMs)
  for (const { pid } of leftovers.filter(isRunning)) signalProcess(pid, 'SIGKILL')
  if (!(await waitForEnd(leftovers, 5000))) throw unkillable(leftovers.filter(isRunning))
  for (const { cleanup } of recorded) runCleanup(cleanup)
  rmSync(path, { force: true })
  return [...new Set(leftovers.map(({ name }) => name))]
}

/** Signals the process and, where it leads a group, the whole group. A process that is gone is no error. */
export function signalProcess(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal)
      return
    } catch {
      // Not the leader of a group, or gone already.
    }
  }
}

function runCleanup(cleanup: string[] | undefined): void {
  const [command, ...options] = cleanup ?? []
  if (command === undefined) return
  try {
    execFileSync(command, options, { stdio: 'ignore', timeout: 20_000 })
  } catch {
    // Nothing was left to remove.
  }
}

function readWholeRecord(path: string): RecordedProcess[] {
  try {
    const recorded: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return Array.isArray(recorded) ? recorded : []
  } catch {
    return []
  }
}

async function waitForEnd(processes: RecordedProcess[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (processes.some(isRunning)) {
    if (performance.now() > deadline) return false
    await delay(25)
  }
  return true
}

function unkillable(processes: RecordedProcess[]): StackError {
  const names = processes.map(({ name, pid }) => `${name} (process ${pid})`).join(', ')
  return new StackError(`these processes of an earlier stack do not end: ${names}`)
}

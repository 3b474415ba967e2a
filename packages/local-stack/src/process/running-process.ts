import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { StackError } from '../stack-error.ts'
import type { KeeperOrder, KeeperReport } from './keeper.ts'
import { lastLines, openFreshLog } from './log-file.ts'
import { type RunRecord, signalProcess } from './run-record.ts'

/** How to start one process of the stack. */
export interface ProcessPlan {
  /** As it is called towards people, such as `MCP server`. */
  name: string
  args: string[]
  environment: Record<string, string>
  folder: string
  /** Standard output and standard error go here. */
  logFile: string
  /** What a person can do when it ends and should not have. */
  nextStep?: string
}

/** How to start a program that is not ours, under a keeper. */
export interface KeptProcessPlan extends ProcessPlan {
  command: string
  /** Removes what a killed program leaves behind. */
  cleanup?: string[]
  /** Files to remove when the stack's main process is killed. */
  removeWithStack?: string[]
}

/** A process of the stack that was started. */
export interface RunningProcess {
  name: string
  pid: number
  logFile: string
  nextStep: string | undefined
  /** Resolves when the process has ended, to its exit code, or to 128 plus the signal's number. Never rejects. */
  exited: Promise<number>
  /** Resolves to what the program says when it is ready; see {@link startNode}. Never resolves for other programs. */
  announced: Promise<unknown>
  /** Asks the process to end, kills its group after `graceMs` (default 12,000), and waits until it has ended. */
  stop(graceMs?: number): Promise<void>
}

/**
 * Starts a Node program of this workspace in its own process group, so that Ctrl-C reaches the main process alone.
 *
 * The program says `{ ready: true, … }` over its channel to this process when it listens, and ends by itself when the
 * channel closes.
 */
export function startNode(plan: ProcessPlan, record: RunRecord): RunningProcess {
  const child = spawnLogged(plan, [...keepingSources, ...plan.args], plan.environment)
  record.add(plan.name, child.pid ?? 0)
  return toRunningProcess(plan, child)
}

/**
 * Starts a program that knows nothing of the stack, under a keeper that ends it when this process ends.
 *
 * @throws {StackError} The program cannot be started.
 */
export async function startKept(plan: KeptProcessPlan, record: RunRecord): Promise<RunningProcess> {
  const keeper = spawnLogged(plan, [keeperFile], keeperEnvironment())
  record.add(plan.name, keeper.pid ?? 0, plan.cleanup)
  const running = toRunningProcess(plan, keeper)
  const order: KeeperOrder = {
    command: plan.command,
    args: plan.args,
    environment: plan.environment,
    folder: plan.folder,
    cleanup: plan.cleanup ?? [],
    removeWithStack: plan.removeWithStack ?? [],
  }
  const report = await new Promise<KeeperReport>((resolve) => {
    keeper.once('message', resolve)
    running.exited.then((code) => resolve({ failed: `the keeper ended with exit code ${code}` }))
    keeper.send(order)
  })
  if ('failed' in report) throw new StackError(`${plan.name} could not be started: ${report.failed}`)
  record.add(plan.name, report.started, plan.cleanup)
  return running
}

/**
 * Runs a program under a keeper until it ends.
 *
 * @throws {StackError} Its exit code is not 0; carries the last lines of its log.
 * @throws The signal's reason, once the program has ended, when `signal` aborts.
 */
export async function runKept(plan: KeptProcessPlan, record: RunRecord, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const running = await startKept(plan, record)
  const abort = (): void => void running.stop()
  signal.addEventListener('abort', abort, { once: true })
  const code = await running.exited
  signal.removeEventListener('abort', abort)
  signal.throwIfAborted()
  if (code !== 0) throw processEnded(running, code)
}

/** The error of a process that ended when it should not have; carries the last lines of its log. */
export function processEnded({ name, logFile, nextStep }: RunningProcess, code: number): StackError {
  return new StackError(`${name} ended with exit code ${code}`, {
    logFile,
    lastLogLines: lastLines(logFile),
    ...(nextStep === undefined ? {} : { nextStep }),
  })
}

const keeperFile = fileURLToPath(new URL('./keeper.ts', import.meta.url))
/** Stripping types by hand is what Node warns of. */
const keepingSources = [
  '--disable-warning=ExperimentalWarning',
  '--import',
  new URL('./kept-sources.mjs', import.meta.url).href,
]

function keeperEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '' }
}

function spawnLogged(plan: ProcessPlan, args: string[], environment: Record<string, string>): ChildProcess {
  const log = openFreshLog(plan.logFile)
  try {
    return spawn(process.execPath, args, {
      cwd: plan.folder,
      env: environment,
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

function toRunningProcess({ name, logFile, nextStep }: ProcessPlan, child: ChildProcess): RunningProcess {
  const exited = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127))
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signalNumbers[signal ?? 'SIGTERM'] ?? 0)))
  })
  const pid = child.pid ?? 0
  return {
    name,
    pid,
    logFile,
    nextStep,
    exited,
    announced: new Promise((resolve) => child.on('message', (message) => isReady(message) && resolve(message))),
    async stop(graceMs = 12_000) {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => signalProcess(pid, 'SIGKILL'), graceMs)
      await exited
      clearTimeout(timer)
    },
  }
}

function isReady(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true
}

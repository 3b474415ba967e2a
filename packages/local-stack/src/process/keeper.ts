/**
 * Runs one program that does not know of the stack, such as Java, and ends it when the stack's main process ends,
 * however that happens: the channel between the two closes even when the main process is killed.
 *
 * Started by {@link startKept} with a channel; its first message is the {@link KeeperOrder}.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'

/** What the keeper is told to run. Travels over the channel, so that nothing of it shows in a list of processes. */
export interface KeeperOrder {
  command: string
  args: string[]
  environment: Record<string, string>
  folder: string
  /** Run after the program was killed, to remove what it leaves behind. */
  cleanup: string[]
  /** Removed when the main process is gone, so that nobody reads addresses of a stack that no longer runs. */
  removeWithStack: string[]
}

/** What the keeper tells the main process. */
export type KeeperReport = { started: number } | { failed: string }

const graceMs = 10_000
let order: KeeperOrder | undefined
let program: ChildProcess | undefined

process.once('message', (message: KeeperOrder) => {
  order = message
  run(message)
})
process.once('disconnect', () => {
  for (const file of order?.removeWithStack ?? []) rmSync(file, { force: true })
  endProgram()
})
process.once('SIGTERM', endProgram)
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})

function run({ command, args, environment, folder }: KeeperOrder): void {
  program = spawn(command, args, { env: environment, cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  program.once('spawn', () => report({ started: program?.pid ?? 0 }))
  program.once('error', (error) => {
    report({ failed: error.message })
    process.exit(127)
  })
  program.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGTERM' ? 143 : 137)))
}

function endProgram(): void {
  if (program === undefined) process.exit(0)
  program.kill('SIGTERM')
  setTimeout(killProgram, graceMs)
}

function killProgram(): void {
  program?.kill('SIGKILL')
  const [command, ...options] = order?.cleanup ?? []
  if (command !== undefined) spawnSync(command, options, { stdio: 'ignore', timeout: 20_000 })
}

function report(message: KeeperReport): void {
  if (process.connected) process.send?.(message)
}

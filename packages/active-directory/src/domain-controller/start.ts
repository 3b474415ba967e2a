import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { connectDirectory } from '../connect.ts'
import {
  connectionOf,
  type DomainController,
  type DomainControllerOptions,
  prepareDomainController,
} from './prepare.ts'
import { seedDomain } from './seed.ts'

/** A domain controller that runs, for tests. */
export interface RunningDomainController extends DomainController {
  /** Holds every answer back. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
  /** Starts it again, with everything that it knew. */
  start(): Promise<void>
}

const readyWithinMs = 30_000
const pollMs = 50

/**
 * Starts a domain controller with the people of the sample company and waits until it answers.
 *
 * @throws {Error} It cannot be made or does not answer within 30 seconds; carries what it said last.
 */
export async function startDomainController(options: DomainControllerOptions): Promise<RunningDomainController> {
  const { controller, command, args, folder } = await prepareDomainController(options)
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    let said = ''
    // A group of its own: Samba is several processes.
    child = spawn(command, args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        said = `${said}${text}`.slice(-2_000)
      })
    }
    const starting = child
    const ended = new Promise<never>((_, reject) => {
      starting.once('error', reject)
      starting.once('exit', (code) => reject(new Error(`samba ended with exit code ${code}: ${said}`)))
    })
    ended.catch(() => {})
    await Promise.race([ended, waitForDomain(controller)])
    await seedDomain(controller)
  }

  function signal(name: NodeJS.Signals): void {
    if (child?.pid !== undefined) process.kill(-child.pid, name)
  }

  async function stop(): Promise<void> {
    const ending = child
    child = undefined
    if (ending?.pid === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    // Not `exit`: the others of the group still write to the folder then. Each of them holds the pipes open.
    const closed = new Promise((resolve) => ending.once('close', resolve))
    for (const name of ['SIGCONT', 'SIGTERM'] as const) process.kill(-ending.pid, name)
    await closed
  }

  process.once('exit', () => child?.pid !== undefined && process.kill(-child.pid, 'SIGKILL'))
  await start().catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return { ...controller, freeze: () => signal('SIGSTOP'), thaw: () => signal('SIGCONT'), stop, start }
}

/**
 * Waits until a domain controller answers its administrator.
 *
 * @throws {Error} It does not within 30 seconds: the last reason.
 * @throws The signal's reason when it aborts.
 */
export async function waitForDomain(controller: DomainController, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + readyWithinMs
  for (;;) {
    try {
      const client = await connectDirectory(connectionOf(controller, controller.administrator))
      return await client.unbind()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await delay(pollMs, undefined, { signal })
  }
}

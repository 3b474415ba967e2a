import { type ChildProcess, fork } from 'node:child_process'

/**
 * Sends signals when it is told to, from a process of its own, as a transmitter is one: from this one, the calls that are
 * measured beside it would wait for its turn.
 */
export interface SignalSender {
  pid: number
  /** @returns Milliseconds from the first signal until the last was taken. @throws {Error} One was not taken. */
  send(): Promise<number>
  close(): void
}

/** What the process that sends tells: what it was asked for, or why it did not end well. */
type Report = { done: unknown } | { problem: string }

/** The process behind a {@link SignalSender}. */
export interface SenderProcess extends SignalSender {
  /** Hands it something to work with. @returns What it answers. @throws {Error} It cannot. */
  prepare(task: object): Promise<unknown>
}

/**
 * One thread helps V8, as in the servers, and what preparing left is collected before the signals are sent: here the sender
 * takes its processor time from the servers.
 */
const senderFlags = ['--v8-pool-size=1', '--expose-gc']

/**
 * Starts a process that sends signals. It ends with the first that it could not do.
 *
 * @param file The module that it runs, which calls {@link serveSender}.
 */
export function startSenderProcess(file: string): SenderProcess {
  const child = fork(file, { serialization: 'advanced', execArgv: senderFlags })

  async function tell(message: object | 'send'): Promise<unknown> {
    const report = await ask(child, message)
    if ('done' in report) return report.done
    child.kill()
    throw new Error(report.problem)
  }

  return {
    pid: child.pid ?? 0,
    prepare: tell,
    send: async () => Number(await tell('send')),
    close: () => void child.kill(),
  }
}

function ask(child: ChildProcess, message: object | 'send'): Promise<Report> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the process that sends signals ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (report: Report) => {
      child.off('exit', ended)
      resolve(report)
    })
    child.send(message)
  })
}

/** The other side. Ends with the process that started it. */
export function serveSender<Task>({ prepare, send }: { prepare(task: Task): unknown; send(): Promise<void> }): void {
  async function prepareNow(task: Task): Promise<unknown> {
    const made = await prepare(task)
    globalThis.gc?.()
    return made
  }

  async function sendNow(): Promise<number> {
    const startedAt = performance.now()
    await send()
    return performance.now() - startedAt
  }

  async function answer(message: Task | 'send'): Promise<Report> {
    try {
      return { done: await (message === 'send' ? sendNow() : prepareNow(message)) }
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) }
    }
  }
  process.on('message', (message: Task | 'send') => void answer(message).then((report) => process.send?.(report)))
  process.once('disconnect', () => process.exit(1))
}

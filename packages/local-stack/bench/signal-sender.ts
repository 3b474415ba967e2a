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

/** What the process that sends tells: what it has made, how long it took, or why it did not end well. */
type Report = { made: unknown } | { toldMs: number } | { problem: string }

/** The process behind a {@link SignalSender}. */
export interface SenderProcess extends SignalSender {
  /** Hands it something to work with. @returns What it answers. @throws {Error} It cannot. */
  prepare(task: object): Promise<unknown>
}

/** @param file The module that the process runs, which calls {@link serveSender}. */
export function startSenderProcess(file: string): SenderProcess {
  const child = fork(file, { serialization: 'advanced' })
  return {
    pid: child.pid ?? 0,
    async prepare(task) {
      const report = await ask(child, task)
      if ('made' in report) return report.made
      throw new Error('problem' in report ? report.problem : 'the process that sends signals did not get ready')
    },
    async send() {
      const report = await ask(child, 'send')
      if ('toldMs' in report) return report.toldMs
      throw new Error('problem' in report ? report.problem : 'the process that sends signals did not send')
    },
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
  async function answer(message: Task | 'send'): Promise<Report> {
    try {
      const startedAt = performance.now()
      if (message !== 'send') return { made: await prepare(message) }
      await send()
      return { toldMs: performance.now() - startedAt }
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) }
    }
  }
  process.on('message', (message: Task | 'send') => void answer(message).then((report) => process.send?.(report)))
  process.once('disconnect', () => process.exit(1))
}

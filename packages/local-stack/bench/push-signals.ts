import { fork } from 'node:child_process'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'

/** Signals that one transmitter pushes. */
export interface SignalPush {
  /** Where to: `http://localhost:8080/signals/ssf`. */
  endpoint: string
  /** Value of the `Authorization` header. */
  authorization: string
  /** Security Event Tokens, in compact form. */
  signals: readonly string[]
  /** On their way at once. */
  atOnce: number
}

/** What the process that pushes tells: that it can begin, how long it took, or why it did not end well. */
type Report = { isReady: true } | { toldMs: number } | { problem: string }

/** Pushes signals when it is told to. */
export interface SignalPusher {
  /** @returns Milliseconds from the first signal to the answer to the last. @throws {Error} One was not taken. */
  push(): Promise<number>
  close(): void
}

/**
 * Pushes from a process of its own, as a transmitter is one: from this one, the calls that are measured beside it would wait
 * for its turn.
 *
 * @throws {Error} The process ended before.
 */
export async function startSignalPusher(push: SignalPush): Promise<SignalPusher> {
  const child = fork(fileURLToPath(import.meta.url), { serialization: 'advanced' })
  const next = (): Promise<Report> =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', (code) => reject(new Error(`the process that pushes signals ended with ${code}`)))
    })
  child.send(push)
  await next()
  return {
    async push() {
      child.send('push')
      const report = await next()
      if ('toldMs' in report) return report.toldMs
      throw new Error('problem' in report ? report.problem : 'the process that pushes signals did not push')
    },
    close: () => void child.kill(),
  }
}

async function pushAll({ endpoint, authorization, signals, atOnce }: SignalPush): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const headers = { 'content-type': 'application/secevent+jwt', authorization }
  const pushOne = (signal: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request(endpoint, { agent, method: 'POST', headers }, (response) => {
        response.resume().once('end', () => {
          if (response.statusCode === 202) resolve()
          else reject(new Error(`a signal was answered ${response.statusCode}`))
        })
      })
      sent.once('error', reject)
      sent.end(signal)
    })
  let next = 0
  const inTurn = async (): Promise<void> => {
    while (next < signals.length) await pushOne(signals[next++] as string)
  }
  await Promise.all(Array.from({ length: atOnce }, inTurn))
  agent.destroy()
}

/** The other side: what {@link startSignalPusher} starts. */
function serve(): void {
  const tell = (report: Report): void => void process.send?.(report)
  process.once('message', (push: SignalPush) => {
    process.once('message', () => {
      const startedAt = performance.now()
      pushAll(push).then(
        () => tell({ toldMs: performance.now() - startedAt }),
        (error: unknown) => tell({ problem: error instanceof Error ? error.message : String(error) }),
      )
    })
    tell({ isReady: true })
  })
  process.once('disconnect', () => process.exit(1))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve()

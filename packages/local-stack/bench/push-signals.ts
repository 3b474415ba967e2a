import { fork } from 'node:child_process'
import { connect, type Socket } from 'node:net'
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
  pid: number
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
    pid: child.pid ?? 0,
    async push() {
      child.send('push')
      const report = await next()
      if ('toldMs' in report) return report.toldMs
      throw new Error('problem' in report ? report.problem : 'the process that pushes signals did not push')
    },
    close: () => void child.kill(),
  }
}

/** By as many connections as signals are on their way at once, each of which sends the next when one was answered. */
async function pushAll(push: SignalPush): Promise<void> {
  let next = 0
  const take = (): string | undefined => push.signals[next++]
  await Promise.all(Array.from({ length: push.atOnce }, () => pushByOne(push, take)))
}

/**
 * Writes requests by hand: the transmitter has a machine of its own, and what it costs here, on that of the servers, is not
 * theirs.
 */
function pushByOne({ endpoint, authorization }: SignalPush, take: () => string | undefined): Promise<void> {
  const { hostname, port, pathname } = new URL(endpoint)
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/secevent+jwt\r\nauthorization: ${authorization}\r\ncontent-length: `
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(Number(port), hostname, sendNext).setNoDelay()
    let answer = ''
    function sendNext(): void {
      const signal = take()
      if (signal !== undefined) return void socket.write(`${head}${signal.length}\r\n\r\n${signal}`)
      socket.destroy()
      resolve()
    }
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk
      // What was taken is answered without a body.
      if (!answer.endsWith('\r\n\r\n')) return
      if (!answer.startsWith('HTTP/1.1 202 ')) socket.destroy(new Error(`a signal was answered ${answer.slice(9, 12)}`))
      answer = ''
      sendNext()
    })
    socket.once('error', reject)
    socket.once('end', () => reject(new Error('a connection ended before its signal was answered')))
  })
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

import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type SignalsToSign, signSignals } from './sign-signals.ts'
import { type SignalSender, serveSender, startSenderProcess } from './signal-sender.ts'

/** Signals that one transmitter signs, and pushes. */
export interface SignalPush extends SignalsToSign {
  /** Where to: `http://localhost:8080/signals/ssf`. */
  endpoint: string
  /** Value of the `Authorization` header. */
  authorization: string
}

type Destination = Pick<SignalPush, 'endpoint' | 'authorization'>

/** On their way at once. */
const atOnce = 64

/** Signs signals now, and pushes them (RFC 8935) when it is told to. */
export async function startSignalPusher(push: SignalPush): Promise<SignalSender> {
  const sender = startSenderProcess(fileURLToPath(import.meta.url))
  await sender.prepare(push)
  return sender
}

/** By as many connections as signals are on their way at once, each of which sends the next when one was answered. */
async function pushAll(destination: Destination, signals: readonly string[]): Promise<void> {
  let next = 0
  const take = (): string | undefined => signals[next++]
  await Promise.all(Array.from({ length: atOnce }, () => pushByOne(destination, take)))
}

/**
 * Writes requests by hand: the transmitter has a machine of its own, and what it costs here, on that of the servers, is not
 * theirs.
 */
function pushByOne({ endpoint, authorization }: Destination, take: () => string | undefined): Promise<void> {
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let push: (() => Promise<void>) | undefined
  serveSender<SignalPush>({
    async prepare(given) {
      const signals = [...(await signSignals(given)).values()]
      push = () => pushAll(given, signals)
    },
    async send() {
      await push?.()
    },
  })
}

import { connect, type Socket } from 'node:net'

/** One connection to a server on loopback, kept as long as the server keeps it. One request at a time. */
export interface RawConnection {
  /** Sends a request as it is. @returns the status of the answer, 0 when the connection ended without one. */
  ask(request: Buffer): Promise<number>
  close(): void
}

/** Node's servers close a connection that was idle for five seconds. */
const keptForMs = 4_000

/** What arrives is looked at at once, so all connections share this: one buffer for each would make work for the collector. */
const arrivals = Buffer.alloc(65_536)

/** The cheapest client that there is: it shares the processors with the servers that it measures. Connects when first asked. */
export function createRawConnection(port: number): RawConnection {
  let socket: Socket | undefined
  let usedAt = 0
  /** What came of an answer that is not complete yet. */
  let received: Buffer | undefined
  let answered: ((status: number) => void) | undefined

  function answer(status: number): void {
    const tell = answered
    answered = undefined
    received = undefined
    usedAt = performance.now()
    tell?.(status)
  }

  function open(): Socket {
    const opened = connect({ port, host: '127.0.0.1', onread: { buffer: arrivals, callback: take } })
    opened.setNoDelay(true)
    opened.on('error', () => {})
    opened.on('close', () => {
      if (socket !== opened) return
      socket = undefined
      answer(0)
    })
    return opened
  }

  function take(length: number): boolean {
    const chunk = arrivals.subarray(0, length)
    const all = received === undefined ? chunk : Buffer.concat([received, chunk])
    const status = statusWhenComplete(all)
    if (status !== undefined) answer(status)
    else received = Buffer.from(all)
    return true
  }

  function close(): void {
    const closing = socket
    socket = undefined
    closing?.destroy()
  }

  return {
    ask(request) {
      if (performance.now() - usedAt > keptForMs) close()
      socket ??= open()
      const using = socket
      return new Promise((resolve) => {
        answered = resolve
        using.write(request)
      })
    },
    close,
  }
}

/** The status, once one answer has arrived in full: by its length, by its last chunk. */
function statusWhenComplete(received: Buffer): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = received.toString('latin1', 0, headEnd)
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  const isComplete =
    length === undefined
      ? received.toString('latin1', received.length - 5) === '0\r\n\r\n'
      : received.length >= headEnd + 4 + Number(length)
  return isComplete ? Number(head.slice(9, 12)) : undefined
}

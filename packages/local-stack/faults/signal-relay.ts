import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'

/** What happens to signals on their way, as shares of them. */
export interface Loss {
  /** Answered as taken and never delivered. */
  dropped: number
  /** Delivered twice. */
  duplicated: number
  /** Held back until others that came later have passed. */
  reordered: number
  /** Every signal is on its way for up to this long. */
  delayedMs: number
}

export const noLoss: Loss = { dropped: 0, duplicated: 0, reordered: 0, delayedMs: 0 }

/** What became of the signals. */
export interface SignalCounts {
  received: number
  dropped: number
  duplicated: number
  /** Delivered after one that was received later. */
  overtaken: number
  /** Deliveries that the receiver did not take. */
  refused: number
}

/** A signal as it was sent. */
export interface SentSignal {
  path: string
  headers: Record<string, string>
  body: Buffer
}

/**
 * Stands at the address of the resource, in front of one replica: everything passes, and what is sent to its receivers
 * passes as {@link Loss} says. Whoever sends a signal is told that it was taken, as by a queue that then loses it.
 */
export interface SignalRelay {
  /** From now on. */
  loss: Loss
  readonly counts: SignalCounts
  /** The signals that passed, latest last; a hundred at most. */
  readonly sent: readonly SentSignal[]
  /** Resolves when nothing is on its way any more. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** What is sent without waiting for more than that it was taken, and what says so. */
const takenStatus: Record<string, number> = { '/signals/ssf': 202, '/signals/backchannel-logout': 200 }
const mostRemembered = 100

export async function startSignalRelay({
  port,
  targetPort,
  random,
}: {
  port: number
  targetPort: number
  random: Random
}): Promise<SignalRelay> {
  const counts: SignalCounts = { received: 0, dropped: 0, duplicated: 0, overtaken: 0, refused: 0 }
  const sent: SentSignal[] = []
  const underWay = new Set<Promise<void>>()
  let latestDelivered = 0
  const relay = {
    loss: noLoss,
    counts,
    sent,
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    async close() {
      await relay.settled()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  const server = createServer((incoming, answer) => {
    const path = incoming.url ?? '/'
    const taken = incoming.method === 'POST' ? takenStatus[path] : undefined
    if (taken === undefined) return pass(incoming, answer, targetPort)
    readWhole(incoming).then(
      (body) => take({ path, headers: headersOf(incoming), body }, taken, answer),
      () => answer.destroy(),
    )
  })

  function take(signal: SentSignal, taken: number, answer: ServerResponse): void {
    counts.received += 1
    sent.push(signal)
    if (sent.length > mostRemembered) sent.shift()
    const { dropped, duplicated, reordered, delayedMs } = relay.loss
    if (dropped + duplicated + reordered + delayedMs === 0) {
      latestDelivered = counts.received
      deliver(signal).then(
        ({ status, headers, body }) => answer.writeHead(status, headers).end(body),
        () => answer.destroy(),
      )
      return
    }
    answer.writeHead(taken, { 'cache-control': 'no-store' }).end()
    if (random.chance(dropped)) {
      counts.dropped += 1
      return
    }
    const isTwice = random.chance(duplicated)
    if (isTwice) counts.duplicated += 1
    for (let copy = 0; copy < (isTwice ? 2 : 1); copy += 1) {
      const delay = random.chance(reordered) ? delayedMs : random.between(0, delayedMs)
      track(later(signal, counts.received, delay))
    }
  }

  async function later(signal: SentSignal, number: number, delayMs: number): Promise<void> {
    await sleep(delayMs)
    if (number < latestDelivered) counts.overtaken += 1
    latestDelivered = Math.max(latestDelivered, number)
    const status = await deliver(signal).then(
      (answer) => answer.status,
      () => 503,
    )
    if (status >= 300) counts.refused += 1
  }

  function track(work: Promise<void>): void {
    underWay.add(work)
    work.finally(() => underWay.delete(work))
  }

  const deliver = (signal: SentSignal) => sendSignal(signal, targetPort)

  await listen(server, port)
  return relay
}

/** Delivers a signal to the replica at a port. @returns What it answered. */
export function sendSignal(
  { path, headers, body }: SentSignal,
  port: number,
): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  return new Promise((resolve, reject) => {
    const sending = request({ host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      readWhole(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body: text.toString() }),
        reject,
      )
    })
    sending.once('error', reject)
    sending.end(body)
  })
}

function pass(incoming: IncomingMessage, answer: ServerResponse, port: number): void {
  const { url: path, method, headers } = incoming
  const sending = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  sending.once('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
  answer.once('close', () => sending.destroy())
  incoming.pipe(sending)
}

/** Those that belong to one connection are left out. */
function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'content-length']
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && !hopByHop.includes(name) ? [[name, value]] : [],
    ),
  )
}

async function readWhole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, () => resolve())
  })
}

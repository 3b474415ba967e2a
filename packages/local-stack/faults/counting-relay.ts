import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands in front of Keycloak for the replicas alone, and counts what they ask. */
export interface CountingRelay {
  origin: string
  /** Requests in each second between two moments of `performance.now()`. */
  perSecond(from: number, until: number): number[]
  close(): Promise<void>
}

export async function startCountingRelay(targetPort: () => number): Promise<CountingRelay> {
  const askedAt: number[] = []
  const server = createServer((incoming, answer) => {
    askedAt.push(performance.now())
    const { url: path, method, headers } = incoming
    const sending = request({ host: 'localhost', port: targetPort(), path, method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    // What a caller of a port at which nobody listens sees.
    sending.once('error', () => answer.destroy())
    answer.once('close', () => sending.destroy())
    incoming.pipe(sending)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    perSecond(from, until) {
      const counts = Array.from({ length: Math.max(0, Math.ceil((until - from) / 1_000)) }, () => 0)
      for (const at of askedAt) {
        const second = Math.floor((at - from) / 1_000)
        if (at >= from && at < until) counts[second] = (counts[second] ?? 0) + 1
      }
      return counts
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

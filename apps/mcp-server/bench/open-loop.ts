import { createRawConnection, type RawConnection } from './raw-connection.ts'

export interface OpenLoop {
  readonly port: number
  /** Most requests under way; the next ones wait, and their waiting counts. */
  readonly connections: number
  /** How many requests become due in a second, on average. */
  readonly perSecond: number
  /** The next request; `undefined` ends the loop. */
  next(): Buffer | undefined
  /** @param milliseconds from the moment the request was due. */
  onAnswer(status: number, milliseconds: number): void
}

/**
 * Sends requests at random moments (Poisson), whether the last ones are answered or not: how callers who know nothing of
 * each other arrive. A closed loop flatters servers that answer in batches. Resolves when the last answer has come.
 */
export async function sendAtRandom({ port, connections, perSecond, next, onAnswer }: OpenLoop): Promise<void> {
  const opened = Array.from({ length: connections }, () => createRawConnection(port))
  const idle = [...opened]
  const waiting: { request: Buffer; dueAt: number }[] = []
  const underWay = new Set<Promise<void>>()

  async function send(connection: RawConnection, request: Buffer, dueAt: number): Promise<void> {
    const status = await connection.ask(request)
    onAnswer(status, performance.now() - dueAt)
    const late = waiting.shift()
    if (late !== undefined) return send(connection, late.request, late.dueAt)
    idle.push(connection)
  }

  await new Promise<void>((resolve) => {
    let due = performance.now()
    const arrive = (): void => {
      for (const now = performance.now(); due <= now; due += (-Math.log(1 - Math.random()) * 1000) / perSecond) {
        const request = next()
        if (request === undefined) {
          resolve()
          return
        }
        const connection = idle.pop()
        if (connection === undefined) waiting.push({ request, dueAt: due })
        else {
          const sent = send(connection, request, due)
          underWay.add(sent)
          void sent.then(() => underWay.delete(sent))
        }
      }
      setTimeout(arrive, Math.max(0, due - performance.now()))
    }
    arrive()
  })
  await Promise.all(underWay)
  for (const connection of opened) connection.close()
}

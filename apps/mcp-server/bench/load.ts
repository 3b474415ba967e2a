import { connect, type Socket } from 'node:net'

/** One request as bytes, sent over and over. */
export interface Load {
  readonly port: number
  readonly request: Buffer
  readonly connections: number
  readonly requests: number
}

/** How long each answer took, in milliseconds, from the moment the request was due. */
export type Latencies = readonly number[]

/** Sends the next request of a connection when the last one is answered: as many under way as there are connections. */
export async function runClosedLoop(load: Load): Promise<Latencies> {
  const latencies: number[] = []
  let left = load.requests
  const connections = await openConnections(load)
  await Promise.all(
    connections.map(async (connection) => {
      while (left > 0) {
        left -= 1
        const start = performance.now()
        await connection.ask()
        latencies.push(performance.now() - start)
      }
      connection.close()
    }),
  )
  return latencies
}

/**
 * Sends requests at random moments (Poisson), whether the last ones are answered or not: how callers who know nothing of
 * each other arrive. A closed loop flatters servers that answer in batches.
 */
export async function runOpenLoop(load: Load, perSecond: number): Promise<Latencies> {
  const latencies: number[] = []
  const connections = await openConnections(load)
  const idle = [...connections]
  const waiting: number[] = []
  let due = performance.now()
  let sent = 0
  return new Promise((resolve) => {
    const serve = async (connection: Connection, dueAt: number): Promise<void> => {
      await connection.ask()
      latencies.push(performance.now() - dueAt)
      const next = waiting.shift()
      if (next !== undefined) return serve(connection, next)
      idle.push(connection)
      if (latencies.length < load.requests) return
      for (const each of connections) each.close()
      resolve(latencies)
    }
    const arrive = (): void => {
      for (const now = performance.now(); due <= now && sent < load.requests; sent += 1) {
        const connection = idle.pop()
        if (connection === undefined) waiting.push(due)
        else void serve(connection, due)
        due += (-Math.log(1 - Math.random()) * 1000) / perSecond
      }
      if (sent < load.requests) setTimeout(arrive, Math.max(0, due - performance.now()))
    }
    arrive()
  })
}

interface Connection {
  ask(): Promise<void>
  close(): void
}

function openConnections(load: Load): Promise<Connection[]> {
  return Promise.all(Array.from({ length: load.connections }, () => openConnection(load)))
}

function openConnection({ port, request }: Load): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let answered: () => void = () => undefined
    let received = Buffer.alloc(0)
    const socket: Socket = connect(port, '127.0.0.1', () =>
      resolve({
        ask: () =>
          new Promise((done) => {
            answered = done
            socket.write(request)
          }),
        close: () => socket.destroy(),
      }),
    )
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      if (!isComplete(received)) return
      received = Buffer.alloc(0)
      answered()
    })
  })
}

/** Whether one answer has arrived in full: by its length, by its last chunk. Anything but 200 ends the measurement. */
function isComplete(received: Buffer): boolean {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return false
  const head = received.toString('latin1', 0, headEnd).toLowerCase()
  if (!head.startsWith('http/1.1 200')) throw new Error(`the server answered ${received.toString('latin1')}`)
  const length = /content-length: (\d+)/.exec(head)?.[1]
  if (length !== undefined) return received.length >= headEnd + 4 + Number(length)
  return received.toString('latin1', received.length - 5) === '0\r\n\r\n'
}

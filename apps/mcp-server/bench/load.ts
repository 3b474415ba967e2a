import { sendAtRandom } from './open-loop.ts'
import { createRawConnection } from './raw-connection.ts'

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
export async function runClosedLoop({ port, request, connections, requests }: Load): Promise<Latencies> {
  const latencies: number[] = []
  let left = requests
  const work = async (): Promise<void> => {
    const connection = createRawConnection(port)
    while (left > 0) {
      left -= 1
      const start = performance.now()
      mustBeGood(await connection.ask(request))
      latencies.push(performance.now() - start)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, work))
  return latencies
}

/** Sends all requests at random moments; see {@link sendAtRandom}. */
export async function runOpenLoop({ requests, request, ...load }: Load, perSecond: number): Promise<Latencies> {
  const latencies: number[] = []
  let left = requests
  await sendAtRandom({
    ...load,
    perSecond,
    next: () => (left-- > 0 ? request : undefined),
    onAnswer(status, milliseconds) {
      mustBeGood(status)
      latencies.push(milliseconds)
    },
  })
  return latencies
}

/** Anything but 200 ends the measurement. */
function mustBeGood(status: number): void {
  if (status !== 200) throw new Error(`the server answered ${status}`)
}

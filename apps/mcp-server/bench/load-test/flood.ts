import { setPriority } from 'node:os'
import { sendAtRandom } from '../open-loop.ts'
import { badCallsOf, type TokenTarget } from './callers.ts'

/** What {@link serveFlood}'s process is told: from whom tokens seem to be, and where they go. */
export interface FloodSettings {
  readonly target: TokenTarget
  readonly ports: readonly number[]
  /** In all. */
  readonly perSecond: number
}

/** What came of one flood. */
export interface FloodResult {
  readonly refused: number
  /** Answers other than 401, by status; 0 is none. */
  readonly unexpected: Readonly<Record<number, number>>
}

/** Each is sent many times over, but none twice within a second at the rates that are asked for. */
const badTokens = 6_000

/** A process of its own, so that the good calls do not wait for the bad ones where they are sent. */
function serveFlood({ target, ports, perSecond }: FloodSettings): void {
  // As the servers have: it measures nothing, and whoever attacks does not get the processors before them.
  setPriority(0)
  const requests = badCallsOf(badTokens, target)
  let sent = 0
  let isFlooding = false
  let ended: Promise<FloodResult> | undefined

  async function flood(): Promise<FloodResult> {
    let refused = 0
    const unexpected: Record<number, number> = {}
    await Promise.all(
      ports.map((port) =>
        sendAtRandom({
          port,
          connections: 64,
          perSecond: perSecond / ports.length,
          next: () => (isFlooding ? requests[sent++ % requests.length] : undefined),
          onAnswer(status) {
            if (status === 401) refused += 1
            else unexpected[status] = (unexpected[status] ?? 0) + 1
          },
        }),
      ),
    )
    return { refused, unexpected }
  }

  process.on('message', async (message: 'begin' | 'end') => {
    isFlooding = message === 'begin'
    if (isFlooding) ended = flood()
    else process.send?.(await ended)
  })
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}

if (process.argv[2] !== undefined) serveFlood(JSON.parse(process.argv[2]) as FloodSettings)

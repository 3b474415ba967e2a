import { setTimeout as sleep, setImmediate as untilNextTurn } from 'node:timers/promises'

/** How long whatever else waits has the processor to itself between two portions. */
export interface Rest {
  /** So many times as long as the event loop was busy since the portion began. */
  times: number
  longestMs: number
}

/**
 * Hands over many in portions, in order; between two of them whatever else waits has its turn: ten thousand people who leave
 * at once hold nobody up.
 *
 * @param handOver Whom it waits for, where that is a promise, before the next portion.
 * @param rest Default: none but that turn.
 */
export async function inPortions<Item>(
  items: readonly Item[],
  size: number,
  handOver: (portion: readonly Item[]) => void | Promise<void>,
  rest?: Rest,
): Promise<void> {
  for (let first = 0; first < items.length; first += size) {
    const startedAtMs = performance.now()
    await handOver(items.slice(first, first + size))
    if (first + size >= items.length) return
    await untilNextTurn()
    if (rest !== undefined) await sleep(Math.min((performance.now() - startedAtMs) * rest.times, rest.longestMs))
  }
}

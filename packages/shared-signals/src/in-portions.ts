import { performance } from 'node:perf_hooks'
import { setTimeout as sleep, setImmediate as untilNextTurn } from 'node:timers/promises'

/** How long whatever else waits has the processor to itself between two portions. */
export interface Rest {
  /** So many times as long as the event loop was busy since the rest before. */
  times: number
  /** All rests together are about so many milliseconds for each item at most, and each has its share, however busy the event loop is. */
  mostMsAnItem: number
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
  let leftMs = items.length * (rest?.mostMsAnItem ?? 0)
  let busyBefore = performance.eventLoopUtilization().active
  for (let first = 0; first < items.length; first += size) {
    await handOver(items.slice(first, first + size))
    if (first + size >= items.length) return
    await untilNextTurn()
    if (rest === undefined || leftMs <= 0) continue
    const { active } = performance.eventLoopUtilization()
    const restsLeft = Math.ceil((items.length - first) / size) - 1
    const restedFrom = performance.now()
    await sleep(Math.min((active - busyBefore) * rest.times, leftMs / restsLeft))
    leftMs -= performance.now() - restedFrom
    busyBefore = performance.eventLoopUtilization().active
  }
}

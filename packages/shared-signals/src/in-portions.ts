import { setImmediate as untilNextTurn } from 'node:timers/promises'

/** Hands over many in portions, in order; between two of them whatever else waits has its turn: ten thousand people who leave at once hold nobody up. */
export async function inPortions<Item>(
  items: readonly Item[],
  size: number,
  handOver: (portion: readonly Item[]) => void,
): Promise<void> {
  for (let first = 0; first < items.length; first += size) {
    if (first > 0) await untilNextTurn()
    handOver(items.slice(first, first + size))
  }
}

/**
 * Does in one go what is asked for within one turn of the event loop, so that many who come at once share one write to
 * disk. Nobody waits for more than that turn, and while many come, for `gatherMs`. When the work fails for all of them it is
 * tried for each alone, so that nobody fails for another's sake.
 *
 * @param gatherMs How long who comes after many is waited for, in milliseconds.
 * @returns A function that resolves, or rejects, as the work did with what it was given.
 */
export function inOneGo<Item>(
  work: (items: readonly Item[]) => Promise<void>,
  gatherMs: number,
): (items: readonly Item[]) => Promise<void> {
  let waiting: Asked<Item>[] = []
  let manyCome = false

  async function doAll(): Promise<void> {
    const asked = waiting
    waiting = []
    manyCome = asked.length > 1
    try {
      await work(asked.flatMap(({ items }) => items))
      for (const { resolve } of asked) resolve()
    } catch (error) {
      if (asked.length === 1) asked[0]?.reject(error)
      else for (const { items, resolve, reject } of asked) work(items).then(resolve, reject)
    }
  }

  return (items) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ items, resolve, reject }) > 1) return
      if (manyCome) setTimeout(doAll, gatherMs)
      else setImmediate(doAll)
    })
}

interface Asked<Item> {
  items: readonly Item[]
  resolve(): void
  reject(reason: unknown): void
}

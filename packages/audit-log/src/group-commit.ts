/** What waits to be written, and who waits for it. */
interface Waiting<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (cause: unknown) => void
}

export interface GroupCommit<Item, Result> {
  /** Resolves once the item was committed, together with all that waited at the same time. */
  add(item: Item): Promise<Result>
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
}

/**
 * Commits items in groups: while one group is being made durable the next one gathers, so that one fdatasync serves
 * everyone who waits.
 *
 * @param commit Makes the items durable, in order, or throws; then everyone in the group is told so.
 * @param limits `items` bounds one group, `waiting` the whole queue; beyond it `add` rejects with `overload()`.
 */
export function createGroupCommit<Item, Result>(
  commit: (items: Item[]) => Promise<Result[]>,
  limits: { items: number; waiting: number; overload: () => Error },
): GroupCommit<Item, Result> {
  let queue: Waiting<Item, Result>[] = []
  let inFlight = 0
  let running = false
  const idleListeners: (() => void)[] = []

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const group = queue.length > limits.items ? queue.splice(0, limits.items) : queue
      if (group === queue) queue = []
      inFlight = group.length
      await commitGroup(group)
      inFlight = 0
    }
    running = false
    for (const listener of idleListeners.splice(0)) listener()
  }

  async function commitGroup(group: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await commit(group.map(({ item }) => item))
      group.forEach(({ resolve }, index) => {
        resolve(results[index] as Result)
      })
    } catch (cause) {
      for (const { reject } of group) reject(cause)
    }
  }

  return {
    add(item) {
      if (queue.length + inFlight >= limits.waiting) return Promise.reject(limits.overload())
      return new Promise((resolve, reject) => {
        queue.push({ item, resolve, reject })
        if (running) return
        running = true
        setImmediate(run)
      })
    },
    idle() {
      if (!running) return Promise.resolve()
      return new Promise((resolve) => idleListeners.push(resolve))
    },
  }
}

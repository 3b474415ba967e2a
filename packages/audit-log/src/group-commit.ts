/** How items become durable. */
export interface Commits<Input, Item, Result> {
  /** Makes an input ready when it is added, while the group before it may still be under way. */
  prepare(input: Input): Item
  /** Makes a group durable, in order, or throws; then everyone in the group is told so. */
  commit(items: readonly Item[]): Promise<Result[]>
  /** After a failed commit: makes those ready again that were to follow the failed group. If it throws, they fail too. */
  prepareAgain(items: readonly Item[]): Item[]
}

export interface GroupLimits {
  /** Items in one group. */
  items: number
  /** Items that wait or are under way; beyond it `add` rejects with `overload()`. */
  waiting: number
  overload: () => Error
}

export interface GroupCommit<Input, Result> {
  /** Resolves once the input was committed, together with all that waited at the same time. */
  add(input: Input): Promise<Result>
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
}

interface Waiting<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (cause: unknown) => void
}

/**
 * Commits in groups: while one group is being made durable the next one gathers, so that one wait for the disk serves
 * everyone who waits.
 */
export function createGroupCommit<Input, Item, Result>(
  { prepare, commit, prepareAgain }: Commits<Input, Item, Result>,
  limits: GroupLimits,
): GroupCommit<Input, Result> {
  let queue: Waiting<Item, Result>[] = []
  let underWay = 0
  let running = false
  const idleListeners: (() => void)[] = []

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const group = queue.length > limits.items ? queue.splice(0, limits.items) : queue
      if (group === queue) queue = []
      underWay = group.length
      await commitGroup(group)
      underWay = 0
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
      prepareQueueAgain()
    }
  }

  function prepareQueueAgain(): void {
    try {
      const items = prepareAgain(queue.map(({ item }) => item))
      queue = queue.map((waiting, index) => ({ ...waiting, item: items[index] as Item }))
    } catch (cause) {
      for (const { reject } of queue.splice(0)) reject(cause)
    }
  }

  return {
    add(input) {
      return new Promise((resolve, reject) => {
        if (queue.length + underWay >= limits.waiting) throw limits.overload()
        queue.push({ item: prepare(input), resolve, reject })
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

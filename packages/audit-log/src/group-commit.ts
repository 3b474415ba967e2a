/** How items become durable. */
export interface Commits<Input, Item, Result> {
  /** Makes an input ready when it is added, while the groups before it may still be under way. */
  prepare(input: Input): Item
  /**
   * Makes a group durable, in order, or throws; then everyone in the group is told so. The next group may be asked for
   * while one is under way, and has to be refused when that one fails.
   */
  commit(items: readonly Item[]): Promise<Result[]>
}

export interface GroupLimits {
  /** Items in one group. */
  items: number
  /**
   * Groups under way at a time. 2 pays where another thread or a server makes them durable: it works while callers do.
   * Where the system does, it costs a second wait for the disk.
   */
  groups: 1 | 2
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

/** As many items take about as long to make as the disk takes for a group; fewer are better off in one group. */
const worthAGroup = 32

/**
 * Commits in groups: while one group is being made durable the next one gathers, so that one wait for the disk serves
 * everyone who waits.
 */
export function createGroupCommit<Input, Item, Result>(
  { prepare, commit }: Commits<Input, Item, Result>,
  limits: GroupLimits,
): GroupCommit<Input, Result> {
  const queue: Waiting<Item, Result>[] = []
  let itemsUnderWay = 0
  let groupsUnderWay = 0
  /** A group failed: those that follow it fail too, and none begins before they have. */
  let isFailing = false
  let isScheduled = false
  const idleListeners: (() => void)[] = []

  function beginGroups(): void {
    isScheduled = false
    for (let size = sizeOfNext(); size > 0; size = sizeOfNext()) void commitGroup(queue.splice(0, size))
    if (groupsUnderWay === 0) for (const listener of idleListeners.splice(0)) listener()
  }

  /** How many of those that wait begin now. */
  function sizeOfNext(): number {
    const waiting = queue.length
    if (isFailing || groupsUnderWay >= limits.groups || (groupsUnderWay > 0 && waiting < worthAGroup)) return 0
    const isShared = limits.groups > 1 && groupsUnderWay === 0 && waiting >= 2 * worthAGroup
    return Math.min(isShared ? Math.ceil(waiting / 2) : waiting, limits.items)
  }

  async function commitGroup(group: Waiting<Item, Result>[]): Promise<void> {
    groupsUnderWay += 1
    itemsUnderWay += group.length
    let answer: (waiting: Waiting<Item, Result>, index: number) => void
    try {
      const results = await commit(group.map(({ item }) => item))
      answer = ({ resolve }, index) => resolve(results[index] as Result)
    } catch (cause) {
      isFailing = true
      answer = ({ reject }) => reject(cause)
    }
    groupsUnderWay -= 1
    itemsUnderWay -= group.length
    if (groupsUnderWay === 0) isFailing = false
    // A full group goes on while the one before it is answered; a smaller one waits for what those add who are answered.
    if (limits.groups > 1 && queue.length >= worthAGroup) beginGroups()
    group.forEach(answer)
    beginSoon()
  }

  /** When all who are about to add have done so. */
  function beginSoon(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(beginGroups)
  }

  return {
    add(input) {
      return new Promise((resolve, reject) => {
        if (queue.length + itemsUnderWay >= limits.waiting) throw limits.overload()
        queue.push({ item: prepare(input), resolve, reject })
        if (groupsUnderWay < limits.groups) beginSoon()
      })
    },
    idle() {
      if (queue.length === 0 && groupsUnderWay === 0) return Promise.resolve()
      return new Promise((resolve) => idleListeners.push(resolve))
    },
  }
}

/** What was seen of every replica. */
export interface SeenRefusals {
  /** When each replica refused first, by `performance.now()`. */
  refusedAt: number[]
  /** Calls that a replica allowed after it had refused one. */
  allowedAfterwards: number
}

export interface WatchOptions {
  /** How long after {@link RefusalWatch.opened} a replica may go on allowing before the watch fails, in milliseconds. */
  giveUpAfterMs: number
  /** Calls to each replica after the last of them has refused. */
  callsAfterwards: number
}

export interface RefusalWatch {
  seen: Promise<SeenRefusals>
  /** To be told when that was done which has to end the access; the time limit runs from here. */
  opened(): void
}

/**
 * Calls each replica without a pause until every one has refused, and some times more. A replica that refused is called
 * on, so that an allow after it is seen.
 *
 * @param asks One for each replica: whether a call is refused now. What it throws ends the watch.
 */
export function watchRefusals(
  asks: readonly (() => Promise<boolean>)[],
  { giveUpAfterMs, callsAfterwards }: WatchOptions,
): RefusalWatch {
  const refusedAt: (number | undefined)[] = asks.map(() => undefined)
  let allowedAfterwards = 0
  let openedAt = Number.POSITIVE_INFINITY
  let failed = false

  async function call(replica: number): Promise<void> {
    const isRefused = await asks[replica]?.()
    if (isRefused) refusedAt[replica] ??= performance.now()
    else if (refusedAt[replica] !== undefined) allowedAfterwards += 1
  }

  async function watch(replica: number): Promise<void> {
    while (!failed && refusedAt.includes(undefined)) {
      await call(replica)
      if (performance.now() - openedAt > giveUpAfterMs)
        throw new Error(`replica ${refusedAt.indexOf(undefined) + 1} still allows after ${giveUpAfterMs / 1000} s`)
    }
    for (let more = 0; !failed && more < callsAfterwards; more += 1) await call(replica)
  }

  const seen = Promise.all(asks.map((_, replica) => watch(replica)))
    .then((): SeenRefusals => ({ refusedAt: refusedAt.map((at) => at ?? Number.NaN), allowedAfterwards }))
    .catch((error: unknown) => {
      failed = true
      throw error
    })
  return {
    seen,
    opened: () => {
      openedAt = performance.now()
    },
  }
}

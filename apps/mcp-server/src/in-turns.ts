import { performance } from 'node:perf_hooks'

/** At what pace many are let begin. */
export interface Turns {
  /** How many begin at a time, 1 or more. */
  most: number
  /** Before the next ones the event loop rests so many times as long as it was busy since. */
  restTimes: number
  /** Nobody waits longer for such rests. */
  longestWaitMs: number
}

/**
 * Lets so many begin at a time, whoever came first, with rests between: ten thousand that come at once, whatever each of them
 * costs, take a part of a processor and leave the other to calls. On a machine that is busy otherwise, where they would wait
 * too long, there is no rest. Who comes alone begins at once.
 *
 * @returns A function that resolves when its caller may begin.
 */
export function inTurns({ most, restTimes, longestWaitMs }: Turns): () => Promise<void> {
  const waiting: { sinceMs: number; begin: () => void }[] = []
  let begun = 0
  let isCounting = false
  let busyBefore = 0

  /** @returns Milliseconds for which the event loop was busy since it was asked last. */
  function busyMs(): number {
    const { active } = performance.eventLoopUtilization()
    const since = active - busyBefore
    busyBefore = active
    return since
  }

  function nextTurn(): void {
    begun = Math.min(most, waiting.length)
    for (const { begin } of waiting.splice(0, begun)) begin()
    isCounting = begun > 0
    if (isCounting) setImmediate(rest)
  }

  function rest(): void {
    const now = performance.now()
    const leftMs = longestWaitMs - (now - (waiting[0]?.sinceMs ?? now))
    // For all who wait, of whom many came together: the last of them would begin without a rest between.
    const turnsLeft = Math.max(1, Math.ceil(waiting.length / most))
    const restMs = Math.min(busyMs() * restTimes, leftMs / turnsLeft)
    if (restMs > 0) setTimeout(nextTurn, restMs)
    else nextTurn()
  }

  return () => {
    if (!isCounting) {
      busyMs()
      setImmediate(rest)
    }
    isCounting = true
    if (begun >= most) return new Promise((begin) => waiting.push({ sinceMs: performance.now(), begin }))
    begun += 1
    return Promise.resolve()
  }
}

import { performance } from 'node:perf_hooks'

/**
 * Lets so many begin at a time, whoever came first. Before the next ones the event loop rests for as long as it was busy since:
 * ten thousand that come at once, whatever each of them costs, take half of a processor and leave the other to calls. Nobody
 * waits longer than `longestWaitMs` for such a rest: on a machine that is busy otherwise there is none. Who comes alone begins
 * at once.
 *
 * @param most At a time, 1 or more.
 * @returns A function that resolves when its caller may begin.
 */
export function inTurns(most: number, longestWaitMs: number): () => Promise<void> {
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
    const restMs = Math.min(busyMs(), longestWaitMs - (now - (waiting[0]?.sinceMs ?? now)))
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

import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'

const bytesPerMegabyte = 1_048_576
/** Where more is kept than twice the growth, V8 goes by how long it takes to collect it, as by itself. */
const leastPercent = 50

/**
 * Has V8 collect what is old when the heap has grown by so much since the last time. By itself it does so after a fifth where
 * little is kept and calls are few: while ten thousand people leave, three times in four seconds, and calls wait for a
 * processor meanwhile.
 *
 * Sets a flag of V8 (`--heap-growing-percent`) for all threads, anew after each such collection. What `--max-old-space-size`
 * sets stays the limit, and a heap in which more than twice as much is kept grows as V8 has it.
 *
 * @param megabytes More than 0.
 */
export function letHeapGrowBy(megabytes: number): void {
  function setGrowth(): void {
    const keptMegabytes = getHeapStatistics().used_heap_size / bytesPerMegabyte
    setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent(megabytes, keptMegabytes)}`)
  }
  setGrowth()
  new PerformanceObserver((seen) => {
    if (seen.getEntries().some(isOfAll)) setGrowth()
  }).observe({ entryTypes: ['gc'] })
}

/** @returns By how much of what is kept the heap may grow, in whole percents; 0: as V8 has it. */
export function heapGrowingPercent(growthMegabytes: number, keptMegabytes: number): number {
  const percent = Math.round((100 * growthMegabytes) / keptMegabytes)
  return percent < leastPercent ? 0 : percent
}

/** Of what is old and what is new. */
function isOfAll(entry: PerformanceEntry & { detail?: NodeGCPerformanceDetail }): boolean {
  return entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
}

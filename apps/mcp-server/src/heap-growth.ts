import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'

const bytesPerMegabyte = 1_048_576
/** What V8 lets a heap grow by itself where calls are few. Less would make it collect more often. */
const leastPercent = 20

export interface HeapGrowth {
  /** By how much the heap may grow, more than 0. */
  megabytes: number
  /** Up to how much. Where so much is kept that a fifth more would be beyond, V8 goes by how long it takes to collect, as by itself. */
  upToMegabytes: number
}

/**
 * Has V8 collect what is old when the heap has grown by so much since the last time. By itself it does so after a fifth where
 * little is kept and calls are few: while ten thousand people leave, three times in four seconds, and calls wait for a
 * processor meanwhile.
 *
 * Sets a flag of V8 (`--heap-growing-percent`) for all threads, anew after each such collection. What `--max-old-space-size`
 * sets stays the limit.
 */
export function letHeapGrow(growth: HeapGrowth): void {
  function setGrowth(): void {
    const keptMegabytes = getHeapStatistics().used_heap_size / bytesPerMegabyte
    setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent(growth, keptMegabytes)}`)
  }
  setGrowth()
  new PerformanceObserver((seen) => {
    if (seen.getEntries().some(isOfAll)) setGrowth()
  }).observe({ entryTypes: ['gc'] })
}

/** @returns By how much of what is kept the heap may grow, in whole percents; 0: as V8 has it. */
export function heapGrowingPercent({ megabytes, upToMegabytes }: HeapGrowth, keptMegabytes: number): number {
  const growthMegabytes = Math.min(megabytes, upToMegabytes - keptMegabytes)
  const percent = Math.round((100 * growthMegabytes) / keptMegabytes)
  return percent < leastPercent ? 0 : percent
}

/** Of what is old and what is new. */
function isOfAll(entry: PerformanceEntry & { detail?: NodeGCPerformanceDetail }): boolean {
  return entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
}

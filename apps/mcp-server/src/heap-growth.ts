import { getHeapStatistics, setFlagsFromString } from 'node:v8'

const bytesPerMegabyte = 1_048_576
/** Where the heap may have less, as in the image, memory is short, and a heap that doubles would not fit. */
const leastLimitMegabytes = 384

/**
 * Has V8 collect what is old once the heap has doubled since the last time, where `--max-old-space-size` leaves it 384 MB or
 * more. By itself V8 does so after a fifth where little is kept and calls are few: while ten thousand people leave, three times
 * in four seconds, and calls wait for a processor meanwhile.
 *
 * Sets a flag of V8, `--heap-growing-percent`, which Node does not take from `NODE_OPTIONS`.
 *
 * @returns Whether it does.
 */
export function letHeapDouble(): boolean {
  if (getHeapStatistics().heap_size_limit < leastLimitMegabytes * bytesPerMegabyte) return false
  setFlagsFromString('--heap-growing-percent=100')
  return true
}

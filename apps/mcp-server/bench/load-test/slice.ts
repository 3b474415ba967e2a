import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { sendAtRandom } from '../open-loop.ts'

/** What a load was answered during a time. Memory does not grow with it. */
export interface Slice {
  /** Of calls that were answered 200, in microseconds from the moment they were due. */
  readonly latencies: RecordableHistogram
  /** Other answers by status; 0 is none. */
  readonly errors: Record<number, number>
}

export interface SliceOptions {
  readonly ports: readonly number[]
  /** Over all ports. */
  readonly perSecond: number
  readonly seconds: number
  /** Ends it early. */
  readonly signal: AbortSignal
  next(): Buffer
}

/** Requests at random moments to each server, the same share to all. Resolves when the last is answered. */
export async function runSlice({ ports, perSecond, seconds, signal, next }: SliceOptions): Promise<Slice> {
  const slice = emptySlice()
  const endAt = performance.now() + seconds * 1_000
  await Promise.all(
    ports.map((port) =>
      sendAtRandom({
        port,
        connections: 128,
        perSecond: perSecond / ports.length,
        next: () => (signal.aborted || performance.now() > endAt ? undefined : next()),
        onAnswer(status, milliseconds) {
          if (status === 200) slice.latencies.record(Math.max(1, Math.round(milliseconds * 1_000)))
          else slice.errors[status] = (slice.errors[status] ?? 0) + 1
        },
      }),
    ),
  )
  return slice
}

/** Several as one. */
export function joinSlices(slices: readonly Slice[]): Slice {
  const joined = emptySlice()
  for (const { latencies, errors } of slices) {
    if (latencies.count > 0) joined.latencies.add(latencies)
    for (const [status, count] of Object.entries(errors))
      joined.errors[Number(status)] = (joined.errors[Number(status)] ?? 0) + count
  }
  return joined
}

/** In milliseconds. Of no calls: 0. */
export function percentile({ latencies }: Slice, percent: number): number {
  return latencies.count === 0 ? 0 : latencies.percentile(percent) / 1_000
}

function emptySlice(): Slice {
  return { latencies: createHistogram(), errors: {} }
}

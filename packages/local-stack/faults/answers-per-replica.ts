import type { Call, HistoryEntry } from './history.ts'

/** The most that a measure of calls comes to at each replica, in whole milliseconds; 0 where there was none. */
export function answersPerReplica(
  history: readonly HistoryEntry[],
  replicas: number,
  measure: (call: Call) => number,
): number[] {
  const most = Array.from({ length: replicas }, () => 0)
  for (const entry of history) {
    if (entry.kind !== 'call') continue
    most[entry.replica - 1] = Math.max(most[entry.replica - 1] ?? 0, Math.round(measure(entry)))
  }
  return most
}

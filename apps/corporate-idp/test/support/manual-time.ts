import type { Schedule } from '../../src/signals/dispatcher.ts'

/** Time that moves only when a test moves it. Milliseconds since the epoch. */
export function createManualTime(startMs = Date.UTC(2026, 10, 23, 9)) {
  let nowMs = startMs
  let tickMs = 0
  const timers = new Set<{ atMs: number; action: () => void }>()
  const schedule: Schedule = (delayMs, action) => {
    const timer = { atMs: nowMs + delayMs, action }
    timers.add(timer)
    return () => timers.delete(timer)
  }
  return {
    clock() {
      nowMs += tickMs
      return nowMs - tickMs
    },
    /** From now on every look at the clock moves it on by so much. */
    tickOnRead(ms: number) {
      tickMs = ms
    },
    schedule,
    /** Moves time on and runs what has come due, in order. */
    advance(ms: number) {
      nowMs += ms
      for (const timer of [...timers].filter(({ atMs }) => atMs <= nowMs).sort((one, other) => one.atMs - other.atMs)) {
        if (timers.delete(timer)) timer.action()
      }
    },
  }
}

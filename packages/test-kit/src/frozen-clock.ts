/** The instant at which everything in this package happens unless told otherwise: 5 January 2026, 12:00 UTC. */
export const frozenNow = 1_767_614_400

/** A clock that stands still until it is moved. Call it for the time, in seconds since the epoch. */
export interface FrozenClock {
  (): number
  /** Moves the clock by so many seconds; back, when negative. */
  advance(seconds: number): void
  /** Moves the clock to an instant, in seconds since the epoch. */
  set(seconds: number): void
}

/**
 * Makes a clock that stands still. Pass it wherever a `clock: () => number` in seconds is asked for.
 *
 * Does not touch `Date` nor timers.
 *
 * @param start Seconds since the epoch. Default {@link frozenNow}.
 */
export function createFrozenClock(start: number = frozenNow): FrozenClock {
  let now = start
  const clock = (): number => now
  return Object.assign(clock, {
    advance(seconds: number): void {
      now += seconds
    },
    set(seconds: number): void {
      now = seconds
    },
  })
}

import { setTimeout } from 'node:timers/promises'

/**
 * How long after a cut-off of a person the tokens of a new sign-in may still count as issued before it, in milliseconds:
 * up to two seconds between an event and its showing, and the whole second in which it fell.
 */
const settlingMs = 3_000

/** Remembers when a door was opened for somebody, to wait no longer than it takes. */
export interface Settling {
  opened(username: string): void
  /** Resolves when tokens of a new sign-in count. At once for whom the door was not opened. */
  settled(username: string): Promise<void>
}

export function createSettling(): Settling {
  const openedAt = new Map<string, number>()
  return {
    opened: (username) => void openedAt.set(username, performance.now()),
    async settled(username) {
      const at = openedAt.get(username)
      if (at === undefined) return
      openedAt.delete(username)
      await setTimeout(Math.max(0, at + settlingMs - performance.now()))
    },
  }
}

import type { AuditEvent } from '@mcp-identity/audit-log'

/** Events on their way to the audit log that no answer waits for. */
export interface PacedNotes {
  add(event: AuditEvent): void
  /** Resolves when all that were added are recorded; from now on without rests. */
  finish(): Promise<void>
}

/** So many may be under way before others have to wait. */
const few = 10
/** Each is encrypted and chained on the event loop, and calls share a commit with them. */
const smallestPortion = 25
/** However many wait, they are recorded in so many portions. */
const mostPortions = 100
/** What was under way is followed by a rest so many times as long: a tenth of the time is for notes. */
const restTimes = 9
/** For a disk that is slow. */
const longestRestMs = 250

/**
 * Puts events on record at a pace that calls hardly notice: few at once, of very many a portion after the other.
 * Ten thousand people who leave at once are on record after some seconds; the end of their access does not wait for it.
 *
 * @param record Records one. That it fails is known there.
 */
export function paceNotes(record: (event: AuditEvent) => Promise<void>): PacedNotes {
  const underway = new Set<Promise<void>>()
  let waiting: AuditEvent[] = []
  let pacing: Promise<void> | undefined
  let isHurried = false
  let endRest = (): void => {}

  function begin(event: AuditEvent): void {
    const recorded = record(event)
      .catch(() => {})
      .finally(() => underway.delete(recorded))
    underway.add(recorded)
  }

  async function pace(): Promise<void> {
    while (waiting.length > 0) {
      const startedAt = performance.now()
      await Promise.all(underway)
      if (!isHurried) await rest(Math.min((performance.now() - startedAt) * restTimes, longestRestMs))
      const portion = Math.max(smallestPortion, Math.ceil(waiting.length / mostPortions))
      for (const event of waiting.slice(0, portion)) begin(event)
      waiting = waiting.slice(portion)
    }
    pacing = undefined
  }

  function rest(restMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, restMs)
      endRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  return {
    add(event) {
      if (pacing === undefined && underway.size < few) return begin(event)
      waiting.push(event)
      pacing ??= pace()
    },
    async finish() {
      isHurried = true
      endRest()
      await pacing
      await Promise.all(underway)
    },
  }
}

import type { AuditEvent } from '@mcp-identity/audit-log'

/** Events on their way to the audit log that no answer waits for. */
export interface PacedNotes {
  /** @param describe Makes the event when its turn has come: until then as little as can be is kept of it. */
  add(describe: () => AuditEvent): void
  /** Resolves when all that were added are recorded; from now on without rests. */
  finish(): Promise<void>
}

/** So many may be under way before others have to wait. */
const few = 10
/** Each is encrypted and chained on the event loop, and calls share a commit with them. */
const smallestPortion = 25
/** However many wait, they are recorded in so many portions. */
const mostPortions = 100
/** A portion is followed by a rest so many times as long: a tenth of the time is for notes. */
const restTimes = 9
/** For a disk that is slow. */
const longestRestMs = 250
/** While so many come, they have the processor: none is recorded until so long after the last. */
const quietMs = 500
/** However long they come. */
const longestWaitMs = 10_000

/**
 * Puts events on record at a pace that calls hardly notice: few at once, of very many a portion after the other.
 * Ten thousand people who leave at once are on record some seconds later; the end of their access does not wait for it.
 *
 * @param record Records one. That it fails is known there.
 */
export function paceNotes(record: (event: AuditEvent) => Promise<void>): PacedNotes {
  const underway = new Set<Promise<void>>()
  let waiting: (() => AuditEvent)[] = []
  let pacing: Promise<void> | undefined
  let addedAt = 0
  let isHurried = false
  let endRest = (): void => {}

  function begin(describe: () => AuditEvent): void {
    const recorded = record(describe())
      .catch(() => {})
      .finally(() => underway.delete(recorded))
    underway.add(recorded)
  }

  async function untilNoMoreCome(): Promise<void> {
    const givesUpAt = performance.now() + longestWaitMs
    for (let now = performance.now(); !isHurried && now < givesUpAt; now = performance.now()) {
      const leftMs = Math.min(addedAt + quietMs, givesUpAt) - now
      if (leftMs <= 0) return
      await rest(leftMs)
    }
  }

  async function pace(): Promise<void> {
    await untilNoMoreCome()
    await Promise.all(underway)
    while (waiting.length > 0) {
      const startedAt = performance.now()
      const portion = Math.max(smallestPortion, Math.ceil(waiting.length / mostPortions))
      for (const describe of waiting.slice(0, portion)) begin(describe)
      waiting = waiting.slice(portion)
      await Promise.all(underway)
      if (waiting.length === 0 || isHurried) continue
      await rest(Math.min((performance.now() - startedAt) * restTimes, longestRestMs))
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
    add(describe) {
      if (pacing === undefined && underway.size < few) return begin(describe)
      waiting.push(describe)
      addedAt = performance.now()
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

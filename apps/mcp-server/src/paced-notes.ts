import type { AuditEvent } from '@mcp-identity/audit-log'

/** Events on their way to the audit log that no answer waits for. */
export interface PacedNotes {
  add(event: AuditEvent): void
  /** Resolves when all that were added are recorded; from now on without rests. */
  finish(): Promise<void>
}

/** Each is encrypted and chained on the event loop, and calls share a commit with them. */
const fewestAtOnce = 25
/** However many wait, they are recorded in so many portions. */
const mostPortions = 100
/** A portion is followed by a rest so many times as long: a tenth of the time is for notes. */
const restTimes = 9
/** For a disk that is slow. */
const longestRestMs = 250

/**
 * Puts events on record at a pace that calls hardly notice: what comes alone at once, of very many a portion after the other.
 * Ten thousand people who leave at once are on record after some seconds; the end of their access does not wait for it.
 *
 * @param record Records one. That it fails is known there.
 */
export function paceNotes(record: (event: AuditEvent) => Promise<void>): PacedNotes {
  let waiting: AuditEvent[] = []
  let recording: Promise<void> | undefined
  let isHurried = false
  let endRest = (): void => {}

  async function recordAll(): Promise<void> {
    // Those that come in one go share a commit.
    await Promise.resolve()
    while (waiting.length > 0) {
      const startedAt = performance.now()
      const size = Math.max(fewestAtOnce, Math.ceil(waiting.length / mostPortions))
      const portion = waiting.slice(0, size)
      waiting = waiting.slice(size)
      await Promise.allSettled(portion.map(record))
      if (!isHurried) await rest(Math.min((performance.now() - startedAt) * restTimes, longestRestMs))
    }
    recording = undefined
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
      waiting.push(event)
      recording ??= recordAll()
    },
    async finish() {
      isHurried = true
      endRest()
      await recording
    },
  }
}

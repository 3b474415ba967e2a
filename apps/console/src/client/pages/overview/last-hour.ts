import type { AuditRecord } from '../../api/audit-record.ts'

export const minutesShown = 60

export interface Minute {
  /** Start of the minute, in milliseconds since the epoch. */
  at: number
  allowed: number
  refused: number
  failed: number
}

export interface LastHour {
  /** The oldest first, the present minute last. */
  minutes: Minute[]
  calls: number
  refused: number
  people: number
  /** Half of the calls took no longer. */
  medianMs: number | undefined
  /** Why calls were refused, the most frequent first. */
  reasons: { reason: string; count: number }[]
}

const minuteMs = 60_000

/** Counts what the audit log says about the last sixty minutes. Calls count once, by their decision; one of several refusals counts all of them. */
export function countLastHour(records: readonly AuditRecord[], now: number): LastHour {
  const lastMinute = Math.floor(now / minuteMs)
  const minutes = Array.from({ length: minutesShown }, (_, index): Minute => {
    return { at: (lastMinute - minutesShown + 1 + index) * minuteMs, allowed: 0, refused: 0, failed: 0 }
  })
  const people = new Set<string>()
  const reasons = new Map<string, number>()
  const durations: number[] = []
  for (const { event } of records) {
    const minute = minutes[Math.floor(Date.parse(event.time) / minuteMs) - lastMinute + minutesShown - 1]
    if (minute === undefined || event.tool === undefined) continue
    if (event.phase === 'outcome') {
      if (event.durationMs !== undefined) durations.push(event.durationMs)
      if (event.outcome === 'failed') minute.failed += 1
      continue
    }
    if (event.phase !== 'decision') continue
    people.add(event.subject ?? event.clientId ?? '')
    if (event.outcome === 'allowed') minute.allowed += 1
    else {
      const { times = 1 } = event
      minute.refused += times
      const reason = reasonOf(event)
      reasons.set(reason, (reasons.get(reason) ?? 0) + times)
    }
  }
  const refused = minutes.reduce((sum, minute) => sum + minute.refused, 0)
  return {
    minutes,
    calls: minutes.reduce((sum, minute) => sum + minute.allowed, refused),
    refused,
    people: people.size,
    medianMs: durations.sort((one, other) => one - other)[Math.floor(durations.length / 2)],
    reasons: [...reasons].map(([reason, count]) => ({ reason, count })).sort((one, other) => other.count - one.count),
  }
}

/** The policy that refused, since its name says why; without one, the reason itself. */
function reasonOf({ policies, reason }: AuditRecord['event']): string {
  return (policies?.[0] ?? reason ?? 'no reason given').replaceAll(/[-_]/g, ' ')
}

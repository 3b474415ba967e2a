import { type Distribution, distributionOf } from '../bench/distribution.ts'
import type { Answer, Call, HistoryEntry } from './history.ts'

export interface HistoryFigures {
  calls: Record<Answer, number>
  /** How often access ended, by way out. */
  ended: Record<string, number>
  signIns: number
  /** Of each end at each replica, how long after the answer its last allow began, in milliseconds; 0 when none did. */
  allowedForMs: Distribution
  /** How long the calls that were allowed took. */
  callMs: Distribution
}

/** What a history shows beside its violations. */
export function measureHistory(history: readonly HistoryEntry[]): HistoryFigures {
  const calls: HistoryFigures['calls'] = { allowed: 0, denied: 0, forbidden: 0, unavailable: 0, failed: 0 }
  const ended: Record<string, number> = {}
  const owners = new Map<string, { person: string; receivedAt: number }>()
  const allowed: Call[] = []
  for (const entry of history) {
    if (entry.kind === 'token') owners.set(entry.token, entry)
    if (entry.kind === 'ended') ended[entry.by] = (ended[entry.by] ?? 0) + 1
    if (entry.kind !== 'call') continue
    calls[entry.answer] += 1
    if (entry.answer === 'allowed') allowed.push(entry)
  }
  const replicas = new Set(allowed.map(({ replica }) => replica))
  const ends = history.filter((entry) => entry.kind === 'ended').filter(({ what }) => what !== 'permission')
  const allowedForMs = ends.flatMap((end) =>
    [...replicas].map((replica) => {
      const late = allowed.filter((call) => {
        const owner = owners.get(call.token)
        const isMeant = end.what === 'token' ? call.token === end.token : owner?.person === end.person
        return call.replica === replica && isMeant && (owner?.receivedAt ?? 0) <= end.startedAt
      })
      return Math.max(0, ...late.map(({ startedAt }) => startedAt - end.answeredAt))
    }),
  )
  return {
    calls,
    ended,
    signIns: owners.size,
    allowedForMs: distributionOf(allowedForMs),
    callMs: distributionOf(allowed.map(({ startedAt, endedAt }) => endedAt - startedAt)),
  }
}

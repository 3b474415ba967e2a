import { setTimeout as sleep } from 'node:timers/promises'
import type { HistoryEntry } from './history.ts'
import { type Check, stalenessBoundMs, type World } from './scenario.ts'

/** Something that every replica needs goes away and comes back. */
export interface Outage {
  /** What, as the rules call it: `the store`. */
  what: string
  go(): unknown
  /** While it is away; it comes back when this has resolved. */
  meanwhile(): Promise<void>
  /** Resolves when it is there again. */
  comeBack(): unknown
  /** Within which time of its return calls are answered again, in milliseconds. */
  recoveryMs: number
  /** How long replicas certainly go on without it. Default 0. */
  goesOnMs?: number
  watchedAfterMs: number
}

/** When it went, began to come back, and was back, by `performance.now()`. */
export interface OutageTimes {
  goneAt: number
  returnedFrom: number
  backAt: number
}

/** Plays an outage while calls go on. Meanwhile 503 is no harm. */
export async function playOutage(
  { company, stack }: World,
  outage: Outage,
): Promise<OutageTimes & { checks: Check[] }> {
  const { what, recoveryMs, goesOnMs = 0 } = outage
  const goneAt = performance.now()
  await outage.go()
  await outage.meanwhile()
  const returnedFrom = performance.now()
  await outage.comeBack()
  const backAt = performance.now()
  company.recorder.add({
    kind: 'fault',
    name: `${what} is away`,
    mayAnswer: ['unavailable'],
    from: goneAt + goesOnMs,
    until: backAt + 2 * recoveryMs,
  })
  await sleep(outage.watchedAfterMs)
  const times = { goneAt, returnedFrom, backAt }
  return { ...times, checks: judgeOutage(company.recorder.entries, stack.replicas.length, outage, times) }
}

/** The rules of every outage: nothing is allowed later than the bound of a stale feed, and its return is noticed soon. */
export function judgeOutage(
  history: readonly HistoryEntry[],
  replicas: number,
  { what, recoveryMs, goesOnMs = 0 }: Pick<Outage, 'what' | 'recoveryMs' | 'goesOnMs'>,
  { goneAt, returnedFrom, backAt }: OutageTimes,
): Check[] {
  const closedAfter = latestOf(history, replicas, 'allowed', goneAt, returnedFrom)
  const recoveredAfter = latestOf(history, replicas, 'unavailable', backAt)
  const seen = `last allow after ${closedAfter.join(', ')} ms`
  const checks: Check[] = [
    {
      rule: `nothing is allowed later than ${stalenessBoundMs} ms after ${what} went`,
      holds: Math.max(...closedAfter) <= stalenessBoundMs,
      seen,
    },
    {
      isTimed: true,
      rule: `calls are answered again within ${recoveryMs} ms of its return`,
      holds: Math.max(...recoveredAfter) <= recoveryMs,
      seen: `last 503 after ${recoveredAfter.join(', ')} ms`,
    },
  ]
  if (goesOnMs > 0)
    checks.push({ rule: `known tokens go on for ${goesOnMs} ms`, holds: Math.min(...closedAfter) >= goesOnMs, seen })
  return checks
}

/** When the last call with an answer began at each replica, in whole milliseconds after a moment; 0 where there was none. */
function latestOf(
  history: readonly HistoryEntry[],
  replicas: number,
  answer: 'allowed' | 'unavailable',
  from: number,
  until = Number.POSITIVE_INFINITY,
): number[] {
  const latest = Array.from({ length: replicas }, () => 0)
  for (const entry of history) {
    if (entry.kind !== 'call' || entry.answer !== answer) continue
    if (entry.startedAt <= from || entry.startedAt >= until) continue
    latest[entry.replica - 1] = Math.max(latest[entry.replica - 1] ?? 0, Math.round(entry.startedAt - from))
  }
  return latest
}

import { expect, it } from 'vitest'
import type { Call, HistoryEntry } from '../../faults/history.ts'
import { judgeOutage } from '../../faults/outage.ts'

const call = (replica: number, startedAt: number, answer: Call['answer']): Call => ({
  kind: 'call',
  replica,
  token: 't',
  needs: 'presence',
  startedAt,
  endedAt: startedAt + 4,
  answer,
})

/** Away from 1,000 on, back between 11,000 and 12,000. */
function judge(...history: HistoryEntry[]): Record<string, string> {
  const outage = { what: 'the store', recoveryMs: 2_000, goesOnMs: 3_000 }
  const checks = judgeOutage(history, 2, outage, { goneAt: 1_000, returnedFrom: 11_000, backAt: 12_000 })
  return Object.fromEntries(checks.map(({ rule, holds, seen }) => [rule, `${holds}: ${seen}`]))
}

it.each([
  [6_000, 'true: last allow after 4000, 5000 ms'],
  [6_001, 'false: last allow after 4000, 5001 ms'],
])('replicas close within the bound: an allow at %i', (at, told) => {
  const seen = judge(call(1, 5_000, 'allowed'), call(2, at, 'allowed'), call(2, 900, 'allowed'))
  expect(seen['nothing is allowed later than 5000 ms after the store went']).toBe(told)
})

it.each([
  [14_000, 'true: last 503 after 0, 2000 ms'],
  [14_001, 'false: last 503 after 0, 2001 ms'],
])('replicas answer again soon after its return: a 503 at %i', (at, told) => {
  const seen = judge(call(2, at, 'unavailable'), call(1, 9_000, 'unavailable'))
  expect(seen['calls are answered again within 2000 ms of its return']).toBe(told)
})

it.each([
  [4_000, 'true: last allow after 3000, 3500 ms'],
  [3_999, 'false: last allow after 2999, 3500 ms'],
])('replicas go on as long as is promised: an allow at %i, and one after its return began', (at, told) => {
  const seen = judge(call(1, at, 'allowed'), call(2, 4_500, 'allowed'), call(1, 11_500, 'allowed'))
  expect(seen['known tokens go on for 3000 ms']).toBe(told)
})

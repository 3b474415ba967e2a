import { expect, it } from 'vitest'
import type { Call, HistoryEntry } from '../../faults/history.ts'
import { measureHistory } from '../../faults/measure-history.ts'

const call = (replica: number, startedAt: number, answer: Call['answer'], token = 'old'): Call => ({
  kind: 'call',
  replica,
  token,
  needs: 'presence',
  startedAt,
  endedAt: startedAt + 4,
  answer,
})
const history: HistoryEntry[] = [
  { kind: 'token', token: 'old', person: 'anna', requestedAt: 0, receivedAt: 10 },
  { kind: 'ended', person: 'anna', by: 'keycloak-disable', what: 'tokens', startedAt: 100, answeredAt: 110 },
  { kind: 'token', token: 'new', person: 'anna', requestedAt: 5_000, receivedAt: 5_010 },
  call(1, 50, 'allowed'),
  call(2, 50, 'allowed'),
  call(2, 170, 'allowed'),
  call(1, 180, 'denied'),
  call(2, 300, 'unavailable'),
  call(2, 6_000, 'allowed', 'new'),
]

it('tells how long after the answer each replica began its last allow, of tokens from before the end', () => {
  const { allowedForMs, ended, signIns, calls, callMs } = measureHistory(history)
  expect(allowedForMs).toMatchObject({ count: 2, least: 0, most: 60 })
  expect(ended).toEqual({ 'keycloak-disable': 1 })
  expect(signIns).toBe(2)
  expect(calls).toEqual({ allowed: 4, denied: 1, forbidden: 0, unavailable: 1, failed: 0 })
  expect(callMs).toEqual({ count: 4, least: 4, p50: 4, p95: 4, p99: 4, most: 4 })
})

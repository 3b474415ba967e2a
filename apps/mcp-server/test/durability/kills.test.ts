import { expect, it } from 'vitest'
import type { AnsweredCall } from './audited-calls.ts'
import { killUnderLoad, missingCalls } from './kill-rounds.ts'

it('misses no answered call, and leaves an intact log, after each of 5 times kill -9 under load', async () => {
  const rounds = await killUnderLoad({ kills: 5, answersOfRound: (round) => 300 + round * 97 })
  for (const round of rounds) expect(round).toMatchObject({ missing: [], problem: undefined })
  expect(rounds.every(({ answered }, index) => answered >= 300 + (index + 1) * 97)).toBe(true)
})

it('would see a call without its outcome, and one whose caller cannot be read', () => {
  const call: AnsweredCall = {
    traceparent: 'trace-1',
    tool: 'whoami',
    status: 200,
    records: ['decision allowed', 'outcome succeeded'],
  }
  const record = (phase: 'decision' | 'outcome', outcome: 'allowed' | 'succeeded', email?: string) => ({
    sequence: 1,
    previous: '',
    hash: '',
    event: {
      time: '',
      action: 'tools/call',
      tool: 'whoami',
      traceparent: 'trace-1',
      phase,
      outcome,
      ...(email && { email }),
    },
  })
  const decision = record('decision', 'allowed', 'anna@company.com')
  expect(missingCalls([call], [decision, record('outcome', 'succeeded', 'anna@company.com')])).toEqual([])
  expect(missingCalls([call], [decision])).toEqual([call])
  expect(missingCalls([call], [decision, record('outcome', 'succeeded')])).toEqual([call])
})

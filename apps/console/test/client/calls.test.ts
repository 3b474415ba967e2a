import { describe, expect, it } from 'vitest'
import type { AuditEvent, AuditRecord } from '../../src/client/api/audit-record.ts'
import { foldCalls } from '../../src/client/pages/audit/calls.ts'
import { countLastHour } from '../../src/client/pages/overview/last-hour.ts'

const now = Date.parse('2026-11-23T12:00:30Z')

const record = (sequence: number, event: Partial<AuditEvent>): AuditRecord => ({
  log: 'mcp-server',
  sequence,
  previous: '',
  hash: '',
  event: {
    time: '2026-11-23T12:00:10Z',
    phase: 'decision',
    action: 'tools/call',
    outcome: 'allowed',
    tool: 'whoami',
    ...event,
  },
})

describe('foldCalls', () => {
  it('joins a decision and its ending to one line', () => {
    const ending = record(2, { requestId: 'r1', phase: 'outcome', outcome: 'succeeded' })
    const decision = record(1, { requestId: 'r1' })
    expect(foldCalls([ending, decision])).toEqual([{ record: decision, ending }])
  })

  it('keeps an ending whose decision is not there', () => {
    const ending = record(2, { requestId: 'r1', phase: 'outcome', outcome: 'failed' })
    expect(foldCalls([ending])).toEqual([{ record: ending, ending: undefined }])
  })

  it('keeps calls of one request apart by their tool', () => {
    const lines = foldCalls([
      record(4, { requestId: 'r1', tool: 'get_customer', phase: 'outcome', outcome: 'succeeded' }),
      record(3, { requestId: 'r1', tool: 'whoami', phase: 'outcome', outcome: 'succeeded' }),
      record(2, { requestId: 'r1', tool: 'get_customer' }),
      record(1, { requestId: 'r1', tool: 'whoami' }),
    ])
    expect(lines.map(({ record: { sequence }, ending }) => [sequence, ending?.sequence])).toEqual([
      [2, 4],
      [1, 3],
    ])
  })

  it('never folds a security event away', () => {
    const events = [record(2, { requestId: 'r1', phase: 'security' }), record(1, { requestId: 'r1' })]
    expect(foldCalls(events)).toHaveLength(2)
  })
})

describe('countLastHour', () => {
  it('counts a call once, in the minute of its decision', () => {
    const hour = countLastHour(
      [
        record(3, { phase: 'outcome', outcome: 'succeeded', durationMs: 4 }),
        record(2, { outcome: 'refused', policies: ['operations-without-financial-records'] }),
        record(1, { outcome: 'allowed', subject: 'a' }),
      ],
      now,
    )
    expect(hour).toMatchObject({ calls: 2, refused: 1, medianMs: 4, people: 2 })
    expect(hour.minutes.at(-1)).toMatchObject({ allowed: 1, refused: 1, failed: 0 })
    expect(hour.reasons).toEqual([{ reason: 'operations without financial records', count: 1 }])
  })

  it('leaves out what is older than sixty minutes, and takes what is just not', () => {
    const older = record(1, { time: '2026-11-23T11:00:59Z' })
    const justNot = record(2, { time: '2026-11-23T11:01:00Z' })
    expect(countLastHour([older], now).calls).toBe(0)
    expect(countLastHour([justNot], now).calls).toBe(1)
  })

  it('counts every refusal that a record stands for', () => {
    const hour = countLastHour([record(1, { outcome: 'refused', reason: 'audience_mismatch', times: 12 })], now)
    expect(hour).toMatchObject({ calls: 12, refused: 12, people: 1 })
    expect(hour.reasons).toMatchObject([{ count: 12 }])
  })

  it('does not count security events as calls', () => {
    expect(countLastHour([record(1, { phase: 'security' })], now).calls).toBe(0)
  })
})

import type { AuditEvent, AuditLog, AuditRecord } from '@mcp-identity/audit-log'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAuditTrail } from '../src/audit-trail.ts'
import { gatherRefusals } from '../src/gathered-refusals.ts'

const gatherMs = 100
const refusal: AuditEvent = {
  phase: 'decision',
  action: 'tools/call',
  tool: 'get_customer',
  outcome: 'refused',
  reason: 'audience_mismatch',
  subject: 'anna',
  tokenId: 'token-1',
}
const inRequest = (requestId: string): AuditEvent => ({ ...refusal, requestId, traceparent: `00-${requestId}` })
const startedAt = '2026-11-28T09:00:00.000Z'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(startedAt) })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What is on record, each as soon as it was given to the log. */
function gatherer() {
  const records: AuditEvent[] = []
  const gathered = gatherRefusals(async (event) => void records.push(event))
  return { records, ...gathered }
}

describe('refusals', () => {
  it('puts the first on record at once', async () => {
    const { add, records } = gatherer()
    await add(inRequest('1'))
    expect(records).toEqual([{ ...inRequest('1'), time: startedAt }])
  })

  it('makes one record of equal ones that follow, with how many they are, and time and request of the first', async () => {
    const { add, records } = gatherer()
    await add(inRequest('1'))
    vi.setSystemTime(Date.parse(startedAt) + 7)
    const second = add(inRequest('2'))
    vi.setSystemTime(Date.parse(startedAt) + 9)
    const all = [second, add(inRequest('3')), add(inRequest('4'))]
    await vi.advanceTimersByTimeAsync(gatherMs)
    await Promise.all(all)
    expect(records.slice(1)).toEqual([{ ...inRequest('2'), time: '2026-11-28T09:00:00.007Z', times: 3 }])
  })

  it.each<[string, Partial<AuditEvent>]>([
    ['reason', { reason: 'expired' }],
    ['token', { tokenId: 'token-2' }],
    ['tool', { tool: 'delete_customer' }],
    ['caller', { subject: 'bob' }],
    ['revision of the protocol', { protocolEra: '2025-11-25' }],
  ])('makes records of their own of those that differ in %s', async (_, difference) => {
    const { add, records } = gatherer()
    await add(refusal)
    const others = [add(refusal), add({ ...refusal, ...difference })]
    await vi.advanceTimersByTimeAsync(gatherMs)
    await Promise.all(others)
    expect(records).toHaveLength(3)
    expect(records[2]).toMatchObject(difference)
    expect(records.every(({ times }) => times === undefined)).toBe(true)
  })

  it('counts all of a flood, in ten records a second', async () => {
    const { add, records } = gatherer()
    const refusals: Promise<void>[] = []
    for (let sent = 0; sent < 5_000; sent += 5) {
      for (let each = 0; each < 5; each += 1) refusals.push(add(inRequest(String(sent + each))))
      await vi.advanceTimersByTimeAsync(1)
    }
    await vi.advanceTimersByTimeAsync(gatherMs)
    await Promise.all(refusals)
    expect(records.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(5_000)
    expect(records).toHaveLength(11)
  })

  it('lets the first after a pause through at once again', async () => {
    const { add, records } = gatherer()
    await add(inRequest('1'))
    await vi.advanceTimersByTimeAsync(gatherMs)
    await add(inRequest('2'))
    expect(records).toHaveLength(2)
  })

  it('answers nobody before the record that counts him is durable', async () => {
    const written: (() => void)[] = []
    const { add } = gatherRefusals(() => new Promise((resolve) => written.push(resolve)))
    void add(refusal)
    const answered: string[] = []
    for (const who of ['second', 'third']) void add(refusal).then(() => answered.push(who))
    await vi.advanceTimersByTimeAsync(gatherMs)
    expect(written).toHaveLength(2)
    expect(answered).toEqual([])
    written[1]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(answered).toEqual(['second', 'third'])
  })

  it('tells everyone whose record could not be written', async () => {
    const { add } = gatherRefusals(() => Promise.reject(new Error('disk full')))
    const all = Promise.allSettled([add(refusal), add(refusal), add(refusal)])
    await vi.advanceTimersByTimeAsync(gatherMs)
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  })
})

describe('the audit trail at its end', () => {
  /** A log that refuses whatever comes after it was closed. */
  function trailOf() {
    const records: AuditEvent[] = []
    let isClosed = false
    const log = {
      async append(event: AuditEvent) {
        if (isClosed) throw new Error('the audit log is closed')
        records.push(event)
        return { event } as AuditRecord
      },
      async close() {
        isClosed = true
      },
    } as unknown as AuditLog
    return { records, trail: createAuditTrail(log, pino({ enabled: false })) }
  }

  it('has every refusal on record that still waited, however many kinds there are', async () => {
    const { records, trail } = trailOf()
    const kinds = Array.from({ length: 200 }, (_, index) => ({ ...refusal, tokenId: `token-${index}` }))
    const written = kinds.flatMap((kind) => [trail.recordRefusal(kind), trail.recordRefusal(kind)])
    const closed = trail.close()
    await vi.runAllTimersAsync()
    await Promise.all([...written, closed])
    expect(records.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(400)
  })

  it('has every note on record that still waited', async () => {
    const { records, trail } = trailOf()
    for (let each = 0; each < 120; each += 1)
      trail.note(() => ({ phase: 'security', action: 'stream_cut', outcome: 'succeeded' }))
    const closed = trail.close()
    await vi.runAllTimersAsync()
    await closed
    expect(records).toHaveLength(120)
  })
})

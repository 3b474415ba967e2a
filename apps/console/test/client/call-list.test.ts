import { describe, expect, it } from 'vitest'
import type { AuditRecord } from '../../src/client/api/audit-record.ts'
import { createCallList } from '../../src/client/pages/audit/call-list.ts'
import { foldCalls } from '../../src/client/pages/audit/calls.ts'

/** Numbers that are the same in every run. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

/** A log in which calls overlap, some never end, some endings lost their decision, and other events come between. */
function makeLog(length: number, next: (below: number) => number): AuditRecord[] {
  const open: string[] = []
  return Array.from({ length }, (_, index) => {
    const kind = next(10)
    const base = { time: '2026-11-23T12:00:00Z', action: 'tools/call', tool: 'whoami', outcome: 'allowed' }
    const numbered = { log: 'mcp-server', sequence: index + 1, previous: '', hash: '' }
    if (kind === 0) return { ...numbered, event: { ...base, phase: 'security', action: 'stream_cut' } }
    if (kind < 5 && open.length > 0) {
      const [requestId = ''] = open.splice(next(open.length), 1)
      return { ...numbered, event: { ...base, phase: 'outcome', requestId } }
    }
    if (kind === 5) return { ...numbered, event: { ...base, phase: 'outcome', requestId: `lost ${index}` } }
    open.push(`request ${index}`)
    return { ...numbered, event: { ...base, phase: 'decision', requestId: `request ${index}` } }
  })
}

describe('a call list', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('says what folding the whole log says, however it arrives: %i', (seed) => {
    const next = numbersFrom(seed)
    const newestFirst = makeLog(300, next).reverse()
    const list = createCallList(() => true)
    let [from, to] = [100, 140]
    list.addNewer(newestFirst.slice(from, to))
    while (from > 0 || to < newestFirst.length) {
      // Pages overlap what is known, as the stream and the first page do.
      if (next(2) === 0 && from > 0) {
        from = Math.max(0, from - 1 - next(12))
        list.addNewer(newestFirst.slice(from, to))
      } else {
        const start = Math.max(from, to - next(8))
        to = Math.min(newestFirst.length, to + 1 + next(30))
        list.addOlder(newestFirst.slice(start, to))
      }
      expect(list.lines()).toEqual(foldCalls(newestFirst.slice(from, to)))
    }
  })

  it('puts the records of several logs into the order of time, whichever come first, each once', () => {
    const at = (log: string, sequence: number, second: number): AuditRecord => ({
      log,
      sequence,
      previous: '',
      hash: '',
      event: {
        time: `2026-11-23T12:00:${String(second).padStart(2, '0')}Z`,
        action: 'stream_cut',
        outcome: 'succeeded',
        phase: 'security',
      },
    })
    const list = createCallList(() => true)
    list.addNewer([at('b', 7, 30), at('a', 9, 20)])
    list.addOlder([at('b', 7, 30), at('a', 9, 20), at('a', 8, 12), at('b', 6, 11)])
    list.addNewer([at('b', 7, 30), at('a', 10, 25), at('a', 9, 20)])
    list.addOlder([at('c', 3, 10), at('a', 7, 9)])
    expect(list.lines().map(({ record: { log, sequence } }) => `${log}${sequence}`)).toEqual([
      'b7',
      'a10',
      'a9',
      'a8',
      'b6',
      'c3',
      'a7',
    ])
  })

  it('keeps its array until something changes', () => {
    const newestFirst = makeLog(20, numbersFrom(9)).reverse()
    const list = createCallList(() => true)
    list.addNewer(newestFirst)
    const lines = list.lines()
    list.addNewer(newestFirst)
    list.addOlder(newestFirst)
    expect(list.lines()).toBe(lines)
  })

  it('shows only what belongs to it, and does not take the rest twice', () => {
    const newestFirst = makeLog(60, numbersFrom(10)).reverse()
    const list = createCallList(({ event }) => event.phase === 'security')
    list.addNewer(newestFirst.slice(0, 30))
    list.addOlder(newestFirst)
    expect(list.lines().map(({ record }) => record)).toEqual(
      newestFirst.filter(({ event }) => event.phase === 'security'),
    )
  })
})

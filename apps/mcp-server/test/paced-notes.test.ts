import { setImmediate as untilNextTurn } from 'node:timers/promises'
import type { AuditEvent } from '@mcp-identity/audit-log'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { paceNotes } from '../src/paced-notes.ts'

const few = 10
const portion = 25
const longestRestMs = 250
const quietMs = 500
const longestWaitMs = 10_000

// The clock stands still but for what a test advances it by: nothing here waits.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const note = (index: number) => (): AuditEvent => ({
  phase: 'security',
  action: 'revocation_received',
  outcome: 'succeeded',
  subject: String(index),
})

/** So many notes, each of which takes as long, and what was begun to be recorded of them. */
function notesOf({ takeMs = 0, count = 0 } = {}) {
  const begun: (string | undefined)[] = []
  const notes = paceNotes(async ({ subject }) => {
    begun.push(subject)
    if (takeMs > 0) await new Promise((resolve) => setTimeout(resolve, takeMs))
  })
  for (let index = 0; index < count; index += 1) notes.add(note(index))
  return { notes, begun }
}

async function advance(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await untilNextTurn()
}

it('begins few at once, in the same turn', () => {
  expect(notesOf({ count: few }).begun).toHaveLength(few)
})

it('begins few that come one after the other without a rest, also while others are under way', async () => {
  const { notes, begun } = notesOf({ takeMs: 10, count: few - 1 })
  notes.add(note(few))
  expect(begun).toHaveLength(few)
  await advance(10)
  notes.add(note(few + 1))
  expect(begun).toHaveLength(few + 1)
})

it('records a portion of those that are more half a second after the last came', async () => {
  const { notes, begun } = notesOf({ count: few + portion })
  await advance(quietMs - 1)
  notes.add(note(few + portion))
  await advance(quietMs - 1)
  expect(begun).toHaveLength(few)
  await advance(1)
  expect(begun).toHaveLength(few + portion)
})

it('waits ten seconds at most for the last, however long they come', async () => {
  const { notes, begun } = notesOf({ count: few + 1 })
  for (let ms = 0; ms < longestWaitMs - 100; ms += 100) {
    await advance(100)
    notes.add(note(few + 1))
  }
  await advance(99)
  expect(begun).toHaveLength(few)
  await advance(1)
  expect(begun).toHaveLength(few + portion)
})

it('rests nine times as long as the portion before took', async () => {
  const { begun } = notesOf({ takeMs: 10, count: few + 2 * portion })
  await advance(quietMs)
  expect(begun).toHaveLength(few + portion)
  await advance(10 + 89)
  expect(begun).toHaveLength(few + portion)
  await advance(1)
  expect(begun).toHaveLength(few + 2 * portion)
})

it('rests a quarter of a second at most, however slow the disk is', async () => {
  const { begun } = notesOf({ takeMs: 10_000, count: few + portion + 1 })
  await advance(20_000 + longestRestMs - 1)
  expect(begun).toHaveLength(few + portion)
  await advance(1)
  expect(begun).toHaveLength(few + portion + 1)
})

it('takes larger portions of very many, a hundredth of those that wait', async () => {
  const { begun } = notesOf({ count: few + 100 * portion + 1 })
  await advance(quietMs)
  expect(begun).toHaveLength(few + portion + 1)
})

it('describes an event when its turn has come', async () => {
  const { notes, begun } = notesOf({ count: few })
  const describe = vi.fn(note(few))
  notes.add(describe)
  await advance(quietMs - 1)
  expect(describe).not.toHaveBeenCalled()
  await advance(1)
  expect(describe).toHaveBeenCalledOnce()
  expect(begun).toHaveLength(few + 1)
})

it('records in the order in which they came, those that come meanwhile last', async () => {
  const { notes, begun } = notesOf({ takeMs: 1, count: few + 1 })
  notes.add(note(few + 1))
  await advance(quietMs)
  notes.add(note(few + 2))
  await advance(longestRestMs)
  expect(begun).toEqual(Array.from({ length: few + 3 }, (_, index) => String(index)))
})

it('goes on after one that could not be recorded', async () => {
  const asked: (string | undefined)[] = []
  const notes = paceNotes(async ({ subject }) => {
    asked.push(subject)
    throw new Error('the disk is full')
  })
  for (let index = 0; index <= few; index += 1) notes.add(note(index))
  await advance(quietMs)
  expect(asked).toHaveLength(few + 1)
})

it('finishes without rests: when it has finished, all that was added is recorded', async () => {
  let recorded = 0
  const notes = paceNotes(async () => {
    await untilNextTurn()
    recorded += 1
  })
  for (let index = 0; index < 10 * portion; index += 1) notes.add(note(index))
  await notes.finish()
  expect(recorded).toBe(10 * portion)
})

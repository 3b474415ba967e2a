import { setImmediate as untilNextTurn } from 'node:timers/promises'
import type { AuditEvent } from '@mcp-identity/audit-log'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { paceNotes } from '../src/paced-notes.ts'

const portion = 25
const longestRestMs = 250

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const note = (index: number): AuditEvent => ({
  phase: 'security',
  action: 'revocation_received',
  outcome: 'succeeded',
  subject: String(index),
})

/** Notes that each take as long, and what was recorded of them. */
function notesOf({ takeMs = 0, count = 0 } = {}) {
  const recorded: (string | undefined)[] = []
  const notes = paceNotes(async ({ subject }) => {
    recorded.push(subject)
    if (takeMs > 0) await new Promise((resolve) => setTimeout(resolve, takeMs))
  })
  for (let index = 0; index < count; index += 1) notes.add(note(index))
  return { notes, recorded }
}

async function advance(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await untilNextTurn()
}

it('records at once what comes alone', async () => {
  const { recorded } = notesOf({ count: 1 })
  await untilNextTurn()
  expect(recorded).toEqual(['0'])
})

it('records a portion of many, and the next one after a rest nine times as long as that took', async () => {
  const { recorded } = notesOf({ takeMs: 10, count: portion + 1 })
  await untilNextTurn()
  expect(recorded).toHaveLength(portion)
  await advance(10 + 89)
  expect(recorded).toHaveLength(portion)
  await advance(1)
  expect(recorded).toHaveLength(portion + 1)
})

it('rests a quarter of a second at most, however slow the disk is', async () => {
  const { recorded } = notesOf({ takeMs: 10_000, count: portion + 1 })
  await advance(10_000 + longestRestMs - 1)
  expect(recorded).toHaveLength(portion)
  await advance(1)
  expect(recorded).toHaveLength(portion + 1)
})

it('takes larger portions of very many, a hundredth of those that wait', async () => {
  const { recorded } = notesOf({ count: 100 * portion + 1 })
  await untilNextTurn()
  expect(recorded).toHaveLength(portion + 1)
})

it('records in the order in which they came, those that come meanwhile last', async () => {
  const { notes, recorded } = notesOf({ takeMs: 1, count: portion + 1 })
  await untilNextTurn()
  notes.add(note(portion + 1))
  await advance(longestRestMs)
  expect(recorded).toEqual(Array.from({ length: portion + 2 }, (_, index) => String(index)))
})

it('goes on after one that could not be recorded', async () => {
  const asked: (string | undefined)[] = []
  const notes = paceNotes(async ({ subject }) => {
    asked.push(subject)
    throw new Error('the disk is full')
  })
  for (let index = 0; index <= portion; index += 1) notes.add(note(index))
  await advance(longestRestMs)
  expect(asked).toHaveLength(portion + 1)
})

it('finishes without rests: nothing that was added is lost', async () => {
  const { notes, recorded } = notesOf({ count: 10 * portion })
  await untilNextTurn()
  expect(recorded).toHaveLength(portion)
  await notes.finish()
  expect(recorded).toHaveLength(10 * portion)
})

import { expect, it, vi } from 'vitest'
import { type AuditRecord, pagesOfRecords } from '../src/index.ts'
import type { AuditQuery } from '../src/query-log.ts'

const recordOf = (sequence: number) => ({ sequence }) as AuditRecord

/** A log of so many records. */
const logOf = (records: number) =>
  vi.fn(async ({ afterSequence = 0, limit = 100 }: AuditQuery) =>
    Array.from({ length: Math.min(limit, Math.max(0, records - afterSequence)) }, (_, index) =>
      recordOf(afterSequence + index + 1),
    ),
  )

async function sequencesOf(records: number, matching?: Omit<AuditQuery, 'limit'>) {
  const query = logOf(records)
  const sequences: number[] = []
  for await (const page of pagesOfRecords(query, matching)) sequences.push(...page.map(({ sequence }) => sequence))
  return { sequences, query }
}

it.each([0, 1, 999, 1000, 1001, 2500])('reads each of %d records once, in order', async (records) => {
  const { sequences } = await sequencesOf(records)
  expect(sequences).toEqual(Array.from({ length: records }, (_, index) => index + 1))
})

it('begins after a sequence, and asks for nothing but what matches', async () => {
  const { sequences, query } = await sequencesOf(1500, { afterSequence: 1498, subject: 'alice' })
  expect(sequences).toEqual([1499, 1500])
  expect(query).toHaveBeenCalledExactlyOnceWith({ afterSequence: 1498, subject: 'alice', limit: 1000 })
})

import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { readStream, streamKeys } from '../../src/redis/stream-scripts.ts'

const keys = streamKeys('mcp-signals')

const signal = { kind: 'permissions_changed', issuer: 'https://idp.company.com', changedAt: 1_800_000_000 }

/** What the store answers with these entries of the stream, all of one replica; undefined: no news. */
function read(sequences: number[] | undefined, after: number, { ownOrigin = 'another' } = {}) {
  const text = JSON.stringify([signal])
  const entries = sequences?.map((sequence) => [`${sequence}-0`, ['m', `mark-${sequence}`, 'o', 'origin', 's', text]])
  const redis = { xread: async () => (entries === undefined ? null : [[keys.stream, entries]]) } as unknown as Redis
  return readStream(redis, keys, after, { ownOrigin, count: 500, blockMs: 1 })
}

describe('entries after a position', () => {
  it('are read in order', async () => {
    expect(await read([5, 6], 4)).toEqual({
      entries: [
        { sequence: 5, mark: 'mark-5', signals: [signal] },
        { sequence: 6, mark: 'mark-6', signals: [signal] },
      ],
      isWhole: true,
    })
  })

  it('bring no signals to the replica that has added them', async () => {
    const { entries } = await read([5], 4, { ownOrigin: 'origin' })
    expect(entries).toEqual([{ sequence: 5, mark: 'mark-5', signals: [] }])
  })

  it('are none when there is no news', async () => {
    expect(await read(undefined, 4)).toEqual({ entries: [], isWhole: true })
  })

  it.each([
    ['one is missing', [5, 6, 8]],
    ['one comes twice', [5, 6, 6, 7]],
    ['two are in another order', [5, 6, 8, 7]],
  ])('end where %s, and say that there is more', async (_title, sequences) => {
    const { entries, isWhole } = await read(sequences, 4)
    expect(entries.map(({ sequence }) => sequence)).toEqual([5, 6])
    expect(isWhole).toBe(false)
  })

  it.each([
    ['is missing', [6, 7]],
    ['was read before', [4, 5]],
  ])('are an error where the first %s', async (_title, sequences) => {
    await expect(read(sequences, 4)).rejects.toThrow('the stream misses entries after 4')
  })
})

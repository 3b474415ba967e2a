import { describe, expect, test } from 'vitest'
import { type ProgressEvent, trackPart } from '../../src/progress/progress.ts'

describe('trackPart', () => {
  test('tells when a part starts, how it goes, and how long it took', async () => {
    const { events, context } = follow()
    const result = await trackPart(context, 'Keycloak', async (detail) => {
      detail('Java 17')
      return 'up'
    })
    expect(result).toBe('up')
    expect(events).toEqual([
      { kind: 'started', part: 'Keycloak' },
      { kind: 'detail', part: 'Keycloak', detail: 'Java 17' },
      { kind: 'finished', part: 'Keycloak', elapsedMs: expect.any(Number), detail: 'Java 17' },
    ])
  })

  test('tells that a part failed, and hands the failure on', async () => {
    const { events, context } = follow()
    await expect(trackPart(context, 'Keycloak', () => Promise.reject(new Error('no space')))).rejects.toThrow(
      'no space',
    )
    expect(events.at(-1)).toEqual({ kind: 'failed', part: 'Keycloak', elapsedMs: expect.any(Number) })
  })

  test('does not call a part failed that was given up', async () => {
    const { events, context, stop } = follow()
    const work = trackPart(context, 'Keycloak', async () => {
      stop.abort()
      throw new Error('cut')
    })
    await expect(work).rejects.toThrow('cut')
    expect(events.at(-1)).toEqual({ kind: 'abandoned', part: 'Keycloak' })
  })
})

function follow() {
  const events: ProgressEvent[] = []
  const stop = new AbortController()
  return { events, stop, context: { tell: (event: ProgressEvent) => void events.push(event), signal: stop.signal } }
}

import type { WatchState } from '@mcp-identity/active-directory'
import { describe, expect, it } from 'vitest'
import { createStatus } from '../src/status.ts'

const nowMs = Date.parse('2026-11-28T12:00:00Z')
const statusOf = (state: WatchState) =>
  createStatus(
    () => state,
    () => nowMs,
  )

describe('the watcher', () => {
  it.each([
    [0, 200],
    [4_999, 200],
    [5_000, 503],
  ])('that knew everything %i ms ago answers %i at /readyz', async (ageMs, status) => {
    const answer = await statusOf({ currentAtMs: nowMs - ageMs, error: 'connect ECONNREFUSED' }).answer('/readyz')
    expect(answer?.status).toBe(status)
    expect(answer?.body.includes('ECONNREFUSED')).toBe(status === 503)
  })

  it('that has read nothing yet waits, and is alive', async () => {
    const status = statusOf({ currentAtMs: undefined, error: undefined })
    expect(await status.answer('/readyz')).toMatchObject({ status: 503, body: expect.stringContaining('first answer') })
    expect(await status.answer('/healthz')).toMatchObject({ status: 200 })
  })

  it('tells its age, whether that is too much, and how much it told, but of nobody', async () => {
    const status = statusOf({ currentAtMs: nowMs - 6_000, error: 'timeout' })
    status.told({ kind: 'access_ended', id: 'guid-of-anna', username: 'anna', cause: 'disabled' })
    const body = (await status.answer('/metrics'))?.body ?? ''
    expect(body).toContain('directory_watcher_age_seconds 6\n')
    expect(body).toContain('directory_watcher_stale 1\n')
    expect(body).toContain('directory_watcher_changes_total{kind="access_ended",cause="disabled"} 1\n')
    expect(body).not.toContain('anna')
  })

  it('answers nothing elsewhere', async () => {
    expect(await statusOf({ currentAtMs: nowMs, error: undefined }).answer('/')).toBeUndefined()
  })
})

import { createCallRegistry } from '@mcp-identity/mcp-authorization'
import type { VerifiedAccessToken } from '@mcp-identity/token-verifier'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const token = (expiresAt: number, subject = 'alice') =>
  ({ issuer: 'https://login.company.com', subject, expiresAt }) as VerifiedAccessToken

describe('the call registry', () => {
  it('aborts at expiry, each entry at its own time', () => {
    const ended: string[] = []
    const calls = createCallRegistry({ onEnded: (entry, reason) => ended.push(`${entry.token.subject} ${reason}`) })
    const controllers = [new AbortController(), new AbortController()] as const
    calls.open(token(1030, 'later'), controllers[0], 'call')
    calls.open(token(1010, 'sooner'), controllers[1], 'stream')
    vi.advanceTimersByTime(9_999)
    expect(ended).toEqual([])
    vi.advanceTimersByTime(1)
    expect(ended).toEqual(['sooner expired'])
    expect(controllers.map((controller) => controller.signal.aborted)).toEqual([false, true])
    vi.advanceTimersByTime(20_000)
    expect(ended).toEqual(['sooner expired', 'later expired'])
  })

  it('waits again for a token whose life is longer than a timer can be', () => {
    const controller = new AbortController()
    const calls = createCallRegistry()
    calls.open(token(1000 + 60 * 86_400), controller, 'stream')
    vi.advanceTimersByTime(59 * 86_400_000)
    expect(controller.signal.aborted).toBe(false)
    vi.advanceTimersByTime(86_400_001)
    expect(controller.signal.aborted).toBe(true)
  })

  it('ends what a predicate names, once, and tells the reason', () => {
    const calls = createCallRegistry()
    const controller = new AbortController()
    const entry = calls.open(token(2000), controller, 'stream')
    calls.open(token(2000, 'bob'), new AbortController(), 'stream')
    expect(calls.endWhere(({ subject }) => subject === 'alice', 'account disabled')).toBe(1)
    expect(calls.endWhere(({ subject }) => subject === 'alice', 'account disabled')).toBe(0)
    expect([entry.endedBecause, controller.signal.reason.message]).toEqual(['account disabled', 'account disabled'])
    expect(calls.size).toBe(1)
  })

  it('forgets what was closed', () => {
    const calls = createCallRegistry()
    const controller = new AbortController()
    const entry = calls.open(token(1010), controller, 'stream')
    entry.close()
    entry.close()
    vi.advanceTimersByTime(20_000)
    expect([calls.size, calls.streamsOf(token(1)), controller.signal.aborted]).toEqual([0, 0, false])
  })

  it('counts the streams of a caller over all tokens, and calls not at all', () => {
    const calls = createCallRegistry()
    calls.open(token(2000), new AbortController(), 'stream')
    calls.open(token(3000), new AbortController(), 'stream')
    calls.open(token(3000), new AbortController(), 'call')
    calls.open(token(3000, 'bob'), new AbortController(), 'stream')
    calls.open({ ...token(3000), issuer: 'https://login.partner.example' }, new AbortController(), 'stream')
    expect(calls.streamsOf(token(1))).toBe(2)
  })

  it('leaves no timer behind when all has ended', () => {
    const calls = createCallRegistry()
    calls.open(token(2000), new AbortController(), 'stream')
    calls.endAll('server_stopped')
    expect([calls.size, vi.getTimerCount()]).toEqual([0, 0])
  })
})

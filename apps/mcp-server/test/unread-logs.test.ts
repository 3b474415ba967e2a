import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LogUnreadError, onlyLog, type ReadableLog, type UnreadLog } from '../src/audit-logs.ts'
import { type LogState, watchUnreadLogs } from '../src/unread-logs.ts'
import { idleMetrics } from './fixtures/idle-metrics.ts'

describe('logs of other replicas, as the metrics tell of them', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => vi.useRealTimers())

  const away = () => Promise.reject(new LogUnreadError('the replica cannot be reached (ECONNREFUSED)'))
  const logOf = (name: string, query: ReadableLog['query'] = async () => []) => ({ name, query }) as ReadableLog
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  /** A watch over these logs, and how often it looked. */
  function watched(answer: () => Promise<{ logs: ReadableLog[]; unread: UnreadLog[] }>) {
    const others = vi.fn(answer)
    return { others, states: watchUnreadLogs({ others }) }
  }

  it('are not told of before somebody has looked', async () => {
    const { others, states } = watched(async () => ({ logs: [logOf('b')], unread: [] }))
    expect(others).not.toHaveBeenCalled()
    expect(states()).toEqual([])
    await settled()
    expect(states()).toEqual([{ log: 'b', isUnread: false }])
  })

  it('are looked at again after fifteen seconds, not before', async () => {
    const { others, states } = watched(async () => ({ logs: [], unread: [] }))
    states()
    vi.advanceTimersByTime(14_999)
    states()
    expect(others).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1)
    states()
    expect(others).toHaveBeenCalledTimes(2)
  })

  it('are unread where their replica does not answer, until it does', async () => {
    let query: ReadableLog['query'] = away
    const { states } = watched(async () => ({ logs: [logOf('b', (asked) => query(asked)), logOf('c')], unread: [] }))
    const afterNextLook = async () => {
      vi.advanceTimersByTime(15_000)
      states()
      await settled()
      return states()
    }
    expect(await afterNextLook()).toContainEqual({ log: 'b', isUnread: true })
    query = async () => []
    expect(await afterNextLook()).toEqual([
      { log: 'b', isUnread: false },
      { log: 'c', isUnread: false },
    ])
  })

  it.each([
    ['the shared store says so', async () => ({ logs: [], unread: [{ log: null, problem: 'it does not say' }] })],
    ['they cannot be found out about', () => Promise.reject(new Error('a defect'))],
  ])('are not known where %s', async (_, answer) => {
    const { states } = watched(answer)
    states()
    await settled()
    expect(states()).toEqual([{ log: null, isUnread: true }])
  })

  it('are none for a server that is on its own', async () => {
    const states = watchUnreadLogs(onlyLog(logOf('own')))
    states()
    await settled()
    expect(states()).toEqual([])
  })

  it('have a label each, and one that is gone is no longer told of', async () => {
    let states: LogState[] = [
      { log: 'b', isUnread: true },
      { log: null, isUnread: true },
    ]
    const { registry } = idleMetrics({ otherLogs: () => states })
    const told = async () => (await registry.metrics()).match(/^mcp_audit_log_unread.*$/gm)
    expect(await told()).toEqual(['mcp_audit_log_unread{log="b"} 1', 'mcp_audit_log_unread{log="not known"} 1'])
    states = [{ log: 'b', isUnread: false }]
    expect(await told()).toEqual(['mcp_audit_log_unread{log="b"} 0'])
  })
})

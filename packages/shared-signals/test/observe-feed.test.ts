import { expect, it, vi } from 'vitest'
import type { FeedState } from '../src/feed-state.ts'
import { observeFeed } from '../src/observe-feed.ts'

const fresh: FeedState = { feed: 'f', issuer: 'i', lastSuccessAt: 1, stale: false, error: undefined }

function observed(first: FeedState = fresh) {
  let now = first
  const onState = vi.fn()
  const look = observeFeed(() => now, onState)
  return {
    onState,
    look,
    become(change: Partial<FeedState>) {
      now = { ...now, ...change }
    },
  }
}

it('tells the first look', () => {
  const { look, onState } = observed()
  expect(look()).toBe(fresh)
  expect(onState).toHaveBeenCalledExactlyOnceWith(fresh)
})

it.each([
  ['becomes stale', { stale: true }],
  ['fails', { error: 'no answer' }],
])('tells whoever looks first that a feed %s, and once', (_what, change) => {
  const { look, onState, become } = observed()
  look()
  become(change)
  look()
  look()
  expect(onState.mock.calls.map(([state]) => state)).toEqual([fresh, { ...fresh, ...change }])
})

it('tells that a feed is fresh again, also when nobody but a call had seen it stale', () => {
  const { look, onState, become } = observed()
  look()
  become({ stale: true })
  look()
  become({ stale: false })
  look()
  expect(onState.mock.calls.map(([{ stale }]) => stale)).toEqual([false, true, false])
})

it('tells nothing when only the time of the last success moves', () => {
  const { look, onState, become } = observed()
  look()
  become({ lastSuccessAt: 2 })
  expect(look().lastSuccessAt).toBe(2)
  expect(onState).toHaveBeenCalledTimes(1)
})

it('looks without anybody to tell', () => {
  expect(observeFeed(() => fresh)()).toBe(fresh)
})

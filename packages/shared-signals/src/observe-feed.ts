import type { FeedState } from './feed-state.ts'

/**
 * Gives every look at a feed to whoever wants to hear of changes: told when the feed is stale, fresh or failing otherwise
 * than at the last look, whoever looked. A feed looks now and then; a call that is refused for it may look sooner.
 *
 * @returns A function that looks, tells, and answers with what it saw.
 */
export function observeFeed(look: () => FeedState, onState?: (state: FeedState) => unknown): () => FeedState {
  let told: FeedState | undefined
  return () => {
    const now = look()
    if (now.stale === told?.stale && now.error === told.error) return now
    told = now
    onState?.(now)
    return now
  }
}

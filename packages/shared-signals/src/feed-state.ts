/** How a feed of signals is doing. */
export interface FeedState {
  /** What feeds: `keycloak_events`, `replicas` */
  feed: string
  /** Whose news it brings. For a feed of other replicas, which bring news of every issuer: the address of their store. */
  issuer: string
  /** Everything that happened up to then is known; seconds since the epoch. Undefined: nothing was read yet. */
  lastSuccessAt: number | undefined
  /** Nothing newer than the bound is known: calls must not be answered from this state. */
  stale: boolean
  /** Why the last attempt failed, or undefined when it did not. Holds no secret. */
  error: string | undefined
}

import { BoundedMap } from './bounded-map.ts'
import type { KeySet } from './key-set.ts'
import type { VerificationKey } from './verification-key.ts'
import type { VerifiedAccessToken } from './verified-access-token.ts'

/** Bounds of the cache. */
export interface CacheSettings {
  /** Most tokens that are remembered. Default 10,000. */
  readonly maxEntries?: number
  /** Most memory they may take, reckoned as four times the length of each token, in bytes. Default 32 MiB. */
  readonly maxBytes?: number
}

/** A token that passed, with what its acceptance rests on. */
export interface CachedToken {
  readonly token: VerifiedAccessToken
  readonly key: VerificationKey
  readonly keySet: KeySet
}

interface Entry extends CachedToken {
  readonly compact: string
}

/** Characters at the end of the signature by which a token is looked up. */
const keyLength = 43

/**
 * Remembers tokens that passed every check, never refusals. A token is looked up by the end of its signature and then
 * compared as a whole, so that the same token written with other bytes is another entry.
 */
export class VerifiedTokenCache {
  readonly #entries: BoundedMap<Entry>

  constructor({ maxEntries = 10_000, maxBytes = 32 * 1024 * 1024 }: CacheSettings = {}) {
    this.#entries = new BoundedMap(maxEntries, maxBytes)
  }

  get(compact: string): CachedToken | undefined {
    const entry = this.#entries.get(compact.slice(-keyLength))
    return entry?.compact === compact ? entry : undefined
  }

  add(compact: string, cached: CachedToken): void {
    this.#entries.set(compact.slice(-keyLength), { compact, ...cached }, compact.length * 4)
  }
}

import { BoundedMap } from './bounded-map.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'
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
export interface AcceptedToken {
  readonly token: VerifiedAccessToken
  readonly issuer: TrustedIssuer
  /** `undefined` for a token that the issuer was asked about. */
  readonly key: VerificationKey | undefined
  /** Until when what the issuer said about it is used, in seconds since the epoch. */
  readonly freshUntil: number
}

interface Entry extends AcceptedToken {
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

  get(compact: string): AcceptedToken | undefined {
    const key = String(compact).slice(-keyLength)
    const entry = this.#entries.get(key)
    return entry?.compact === compact ? entry : undefined
  }

  add(compact: string, accepted: AcceptedToken): void {
    this.#entries.set(compact.slice(-keyLength), { compact, ...accepted }, compact.length * 4)
  }
}

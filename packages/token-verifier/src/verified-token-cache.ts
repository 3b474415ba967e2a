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
  readonly compact: string
  readonly token: VerifiedAccessToken
  readonly issuer: TrustedIssuer
  /** `undefined` for a token that the issuer was asked about. */
  readonly key: VerificationKey | undefined
  /** Until when what the issuer said about it is used, in seconds since the epoch. */
  readonly freshUntil: number
}

/** Characters at the end of the signature by which a token is looked up. */
const keyLength = 43

/** Memory that a remembered token takes, with its claims, for each of its characters. */
const bytesPerCharacter = 4

/**
 * Remembers tokens that passed every check, never refusals. A token is looked up by the end of its signature and then
 * compared as a whole, so that the same token written with other bytes is another entry.
 */
export class VerifiedTokenCache {
  readonly #accepted: BoundedMap<AcceptedToken>
  readonly #keep = (accepted: AcceptedToken): void => this.add(accepted)

  constructor({ maxEntries = 10_000, maxBytes = 32 * 1024 * 1024 }: CacheSettings = {}) {
    this.#accepted = new BoundedMap(maxEntries, maxBytes)
  }

  get(compact: string): AcceptedToken | undefined {
    const accepted = this.#accepted.recall(endOf(compact), this.#keep)
    return accepted?.compact === compact ? accepted : undefined
  }

  add(accepted: AcceptedToken): void {
    const { compact } = accepted
    this.#accepted.set(endOf(compact), accepted, compact.length * bytesPerCharacter)
  }
}

function endOf(compact: string): string {
  return compact.slice(-keyLength)
}

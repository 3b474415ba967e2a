/**
 * Remembers which proofs were used (RFC 9449 section 11.1). Share one between replicas, or a proof can be used once at
 * each of them.
 */
export interface ProofReplayStore {
  /**
   * Remembers a proof.
   *
   * @param id Up to 300 characters, unique to the proof and its key.
   * @param expiresAt Until when it has to be remembered, in seconds since the epoch.
   * @returns `false` when it was remembered already: the proof is a replay.
   */
  remember(id: string, expiresAt: number): boolean | Promise<boolean>
}

/** Proofs remembered by one process. At 300 characters each, about 100 MB when full. */
const maxProofs = 250_000

/** Expired proofs are forgotten up to this much later, in seconds. */
const periodSeconds = 30

/**
 * Remembers proofs in this process: forgotten by a restart, and not shared.
 *
 * Full, it refuses all further proofs until old ones expire, since forgetting early would let a replay through.
 *
 * @param clock Seconds since the epoch.
 */
export class MemoryProofReplays implements ProofReplayStore {
  readonly #clock: () => number
  /** Ids by the period in which they expire, so that those of a period are forgotten together. */
  readonly #periods = new Map<number, Set<string>>()
  #size = 0

  constructor(clock: () => number) {
    this.#clock = clock
  }

  remember(id: string, expiresAt: number): boolean {
    this.#forgetExpired()
    for (const ids of this.#periods.values()) if (ids.has(id)) return false
    if (this.#size >= maxProofs) return false
    this.#idsExpiringWith(expiresAt).add(id)
    this.#size += 1
    return true
  }

  #idsExpiringWith(expiresAt: number): Set<string> {
    const period = Math.floor(expiresAt / periodSeconds)
    const ids = this.#periods.get(period) ?? new Set()
    this.#periods.set(period, ids)
    return ids
  }

  /** Looks at a handful of periods, never at single ids. */
  #forgetExpired(): void {
    const current = Math.floor(this.#clock() / periodSeconds)
    for (const [period, ids] of this.#periods) {
      if (period >= current) continue
      this.#periods.delete(period)
      this.#size -= ids.size
    }
  }
}

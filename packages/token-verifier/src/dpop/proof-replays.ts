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

/**
 * Remembers proofs in this process: forgotten by a restart, and not shared.
 *
 * Full, it refuses all further proofs until old ones expire, since forgetting early would let a replay through.
 *
 * @param clock Seconds since the epoch.
 */
export class MemoryProofReplays implements ProofReplayStore {
  readonly #clock: () => number
  readonly #expiries = new Map<string, number>()

  constructor(clock: () => number) {
    this.#clock = clock
  }

  remember(id: string, expiresAt: number): boolean {
    this.#forgetExpired()
    if (this.#expiries.has(id) || this.#expiries.size >= maxProofs) return false
    this.#expiries.set(id, expiresAt)
    return true
  }

  /** Proofs arrive nearly in the order in which they expire, so it is enough to look at the oldest. */
  #forgetExpired(): void {
    const now = this.#clock()
    for (const [id, expiresAt] of this.#expiries) {
      if (expiresAt >= now) return
      this.#expiries.delete(id)
    }
  }
}

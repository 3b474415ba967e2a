/** Verifications that one turn of the event loop does by itself before others are handed over. */
const perTurn = 64

/** Verifications that may be in the thread pool; beyond, this thread helps. */
const maxInPool = 256

/**
 * Tells whether so many signatures are wanted at the same time that the thread pool is worth its price: nearly twice
 * the throughput with elliptic curves, at half as much work again for each (docs/decisions/0002). That is so after 64
 * in one turn of the event loop, and then for as long as others are in the pool.
 */
export class ThreadChoice {
  #inTurn = 0
  #inPool = 0

  /** Call it for each verification, before it begins. */
  isPoolWorthIt(): boolean {
    if (this.#inPool > 0) return this.#inPool < maxInPool
    this.#inTurn += 1
    if (this.#inTurn === 1) {
      setImmediate(() => {
        this.#inTurn = 0
      })
    }
    return this.#inTurn > perTurn
  }

  enterPool(): void {
    this.#inPool += 1
  }

  leavePool(): void {
    this.#inPool -= 1
  }
}

/** Verifications that one run of code begins by itself, without waiting for an answer, before others are handed over. */
const perRun = 4

/** Tasks, such as requests, of one turn of the event loop that verify by themselves before others are handed over. */
const perTurn = 16

/** Verifications that may be in the thread pool; beyond, this thread helps. */
const maxInPool = 256

/**
 * Tells whether signatures are wanted by many at the same time, so that the thread pool is worth its price: nearly twice
 * the throughput with elliptic curves, at half as much work again for each (docs/decisions/0002).
 *
 * They are when one run of code begins several, when several requests of one turn of the event loop do, and then for as
 * long as others are in the pool. One who waits for each answer before the next call never pays.
 */
export class ThreadChoice {
  #inRun = 0
  #isInTask = false
  #tasks = 0
  #inPool = 0

  /** Call it for each verification, before it begins. */
  isPoolWorthIt(): boolean {
    if (this.#inPool > 0) return this.#inPool < maxInPool
    return this.#countInRun() > perRun || this.#countTasks() > perTurn
  }

  enterPool(): void {
    this.#inPool += 1
  }

  leavePool(): void {
    this.#inPool -= 1
  }

  #countInRun(): number {
    this.#inRun += 1
    if (this.#inRun === 1) queueMicrotask(this.#endRun)
    return this.#inRun
  }

  /** A task ends when its promises are through, which is when `process.nextTick` has its turn. */
  #countTasks(): number {
    if (this.#isInTask) return this.#tasks
    this.#isInTask = true
    this.#tasks += 1
    process.nextTick(this.#endTask)
    if (this.#tasks === 1) setImmediate(this.#endTurn)
    return this.#tasks
  }

  readonly #endRun = (): void => {
    this.#inRun = 0
  }

  readonly #endTask = (): void => {
    this.#isInTask = false
  }

  readonly #endTurn = (): void => {
    this.#tasks = 0
  }
}
